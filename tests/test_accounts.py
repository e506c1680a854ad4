"""Named accounts match by name, alias or domain, and refuse whatever only looks like them."""

import pickle
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlib import limits
from leadlib.errors import ConflictError, InvalidValue, LeadlibError, LimitExceeded
from leadlib.qualification import Account, NamedAccounts

COLA = Account(
    name="The Coca-Cola Company", aliases=["Coke", "KO"], domains=["coca-cola.com", "coke.example"]
)
BREWER = Account(name="Brewmaster Holding")
MARQUEE = NamedAccounts([COLA, BREWER])


class TestMatch:
    @pytest.mark.rule("001-22")
    @pytest.mark.parametrize(
        "company",
        [
            "Coca Cola",
            "The Coca-Cola Company",
            "coca-cola co.",
            " COCA COLA, Inc. ",
            "Coca-Cola GmbH & Co. KG",
            "Coke",
            "ko",
        ],
    )
    def test_of_a_name_looks_past_case_punctuation_and_legal_form(self, company):
        assert MARQUEE.match(company=company) is COLA

    @pytest.mark.parametrize(
        "company",
        [
            "Coca\u2011Cola",  # the hyphen that never breaks
            "Coca\u2013Cola",  # a dash
            "Coca\u00a0Cola",  # the space that never breaks
            "Coca-Cola\u00ae",
            "\u201cCoca-Cola\u201d",
        ],
    )
    def test_of_a_name_takes_the_marks_of_printers_for_separators(self, company):
        assert MARQUEE.match(company=company) is COLA

    @pytest.mark.parametrize(
        ("name", "company"),
        [
            ("Danone S.A.", "Danone"),
            ("Danone S.A.", "Danone S.A"),
            ("Danone S.A.", "DANONE S. A."),
            ("Carlsberg A/S", "Carlsberg"),
            ("Carlsberg", "Carlsberg AS"),
            ("Merck", "Merck K. G. a. A."),
            ("Merck", "Merck K.G.a.A."),
            ("Ferrero S.p.A.", "Ferrero SpA"),
            ("U.S. Steel", "US Steel Corp."),
        ],
    )
    def test_of_a_name_takes_a_legal_form_in_single_letters_off(self, name, company):
        account = Account(name=name)

        assert NamedAccounts([account]).match(company=company) is account

    @pytest.mark.parametrize(
        ("name", "other"), [("S.A.S.", "S"), ("A/S", "A"), ("The Co", "The"), ("Vitamin C", "C")]
    )
    def test_of_a_name_never_takes_all_of_it_off(self, name, other):
        account = Account(name=name)

        assert NamedAccounts([account]).match(company=name) is account
        assert NamedAccounts([account]).match(company=other) is None

    @pytest.mark.rule("001-22")
    @pytest.mark.parametrize(
        "company",
        [
            "Cola Cargo GmbH",
            "Coca",
            "Cocacola",
            "Coca-Cola Bottling",
            "My Coca Cola",
            "C\u043eca C\u043ela",  # Cyrillic o
            "\uff23oca Cola",  # a wide C
            "Coca\u200bCola",  # a space of no width
            "Co",
            "GmbH",
        ],
    )
    def test_of_a_name_is_never_by_likeness(self, company):
        assert MARQUEE.match(company=company) is None

    @pytest.mark.rule("001-22")
    @pytest.mark.parametrize(
        "mail", ["x@coca-cola.com", "X@Coca-Cola.COM", "x@eu.coca-cola.com", "coke.example"]
    )
    def test_of_a_domain_takes_its_subdomains_along(self, mail):
        assert MARQUEE.match(mail=mail) is COLA

    @pytest.mark.rule("001-22")
    @pytest.mark.parametrize(
        "mail",
        [
            "x@coca-cola.com.evil.example",
            "x@notcoca-cola.com",
            "coca-cola.com@evil.example",
            "x@com",
            "x@coca-cola.c\u043em",
            "x@.coca-cola.com",
            "x@coca-cola.com..",
            "x@evil.example@coca-cola.com",
            "x y@coca-cola.com",
            "@coca-cola.com",
            "nonsense",
        ],
    )
    def test_of_a_domain_refuses_look_alikes(self, mail):
        assert MARQUEE.match(mail=mail) is None

    def test_of_a_domain_takes_the_nearest(self):
        """Who names a subdomain as an account of its own means that one."""
        part = Account(name="Coca-Cola Europe", domains=["eu.coca-cola.com"])
        marquee = NamedAccounts([COLA, part])

        assert marquee.match(mail="x@eu.coca-cola.com") is part
        assert marquee.match(mail="x@at.eu.coca-cola.com") is part
        assert marquee.match(mail="x@us.coca-cola.com") is COLA

    def test_asks_the_name_first_and_then_the_domain(self):
        assert MARQUEE.match(company="Brewmaster", mail="x@coca-cola.com") is BREWER
        assert MARQUEE.match(company="Unheard of", mail="x@coca-cola.com") is COLA
        assert MARQUEE.match() is None

    @given(st.text(min_size=1, max_size=40))
    def test_takes_any_text_or_refuses_it_with_its_own_error(self, text):
        try:
            MARQUEE.match(company=text, mail=text)
        except LeadlibError as fault:
            assert isinstance(fault, InvalidValue)

    def test_of_a_name_knows_capitals_of_all_letters(self):
        marquee = NamedAccounts([Account(name="Müller GmbH"), Account(name="Nestlé")])

        assert marquee.match(company="MÜLLER GMBH").name == "Müller GmbH"
        assert marquee.match(company="NESTLÉ S.A.").name == "Nestlé"


class TestNamedAccounts:
    def test_claim_a_name_or_a_domain_once(self):
        for other in (Account(name="Coke AG"), Account(name="Other", domains=["COCA-COLA.com"])):
            with pytest.raises(ConflictError, match="one account for the"):
                NamedAccounts([COLA, other])

    @pytest.mark.parametrize(
        "domain",
        [
            "gmail.com",
            "eu.gmail.com",
            "Yahoo.DE",
            "mail.ru",
            "nonsense",
            "com",
            "a@b.example",
            "a..b",
            "-a.example",
        ],
    )
    def test_cannot_claim_everybodys_domain_or_none(self, domain):
        with pytest.raises(InvalidValue, match=r"\$\.domains"):
            Account(name="X", domains=[domain])

    def test_are_bounded(self):
        with pytest.raises(LimitExceeded, match="at most 100,000 accounts"):
            NamedAccounts([COLA] * (limits.ACCOUNTS + 1))
        with pytest.raises(LimitExceeded, match="at most 100,000 accounts"):
            NamedAccounts(repeat(COLA))  # one that never ends

    @pytest.mark.parametrize("accounts", [5, None, [5], "ab", {"a": COLA}])
    def test_are_a_list_of_accounts(self, accounts):
        with pytest.raises(InvalidValue):
            NamedAccounts(accounts)

    @pytest.mark.parametrize("texts", ["Coke", {"Coke": 1}, 5, None, [5]])
    def test_of_aliases_take_a_list_of_texts(self, texts):
        with pytest.raises(InvalidValue, match=r"\$\.aliases"):
            Account(name="X", aliases=texts)

    def test_go_out_and_in_unchanged(self):
        assert NamedAccounts.from_dict(MARQUEE.to_dict()) == MARQUEE
        assert pickle.loads(pickle.dumps(MARQUEE)).match(company="Coke") == COLA

    @pytest.mark.parametrize(
        ("plain", "place"),
        [
            (5, r"@ \$"),
            ({"accounts": 5}, r"@ \$"),
            ({"accounts": [], "more": 1}, r"@ \$"),
            ({"accounts": [5]}, r"\$\.accounts\[0\]"),
            ({"accounts": [{"name": "a"}, {"nam": "b"}]}, r"\$\.accounts\[1\]"),
            ({"accounts": [{"name": "a", "domains": ["gmail.com"]}]}, r"\[0\]\.domains"),
            ({"accounts": [{"name": "a", "aliases": 5}]}, r"\$\.accounts\[0\]\.aliases"),
        ],
    )
    def test_with_a_fault_are_refused_with_its_place(self, plain, place):
        with pytest.raises(InvalidValue, match=place):
            NamedAccounts.from_dict(plain)
