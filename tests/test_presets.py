"""Known checklists as ordinary definitions."""

import pytest

from leadlib.errors import InvalidValue
from leadlib.qualification import AtLeast, LeadDefinition, Outcome, presets

SIZES = {"bant": 4, "champ": 4, "meddic": 6, "gpct": 4}


@pytest.fixture(params=SIZES)
def name(request):
    return request.param


def made(name, **how):
    return getattr(presets, name)(**how)


def answers(name, *, yes, no=0):
    """Facts: the first *yes* questions answered with yes, the next *no* with no."""
    keys = [field.name for field in made(name).fields]
    return dict.fromkeys(keys[:yes], True) | dict.fromkeys(keys[yes : yes + no], False)


class TestBant:
    @pytest.mark.rule("000-07")
    def test_with_three_yes_and_one_unknown_is_undecided_and_three_quarters_known(self):
        assessment = presets.bant().assess(answers("bant", yes=3))

        assert assessment.outcome is Outcome.UNDECIDED
        assert assessment.completeness == 0.75
        assert assessment.ask_next == ("has a date to buy",)

    def test_qualifies_with_three_by_the_rule_of_ibm(self):
        assessment = presets.bant(min_yes=3).assess(answers("bant", yes=3))

        assert assessment.outcome is Outcome.QUALIFIED

    def test_with_three_yes_and_one_no_is_not_qualified_unless_three_suffice(self):
        facts = answers("bant", yes=3, no=1)

        assert presets.bant().assess(facts).outcome is Outcome.NOT_QUALIFIED
        assert presets.bant(min_yes=3).assess(facts).outcome is Outcome.QUALIFIED

    def test_with_two_no_cannot_have_three_yes_any_more(self):
        facts = answers("bant", yes=0, no=2)

        assert presets.bant(min_yes=3).assess(facts).outcome is Outcome.NOT_QUALIFIED

    def test_asks_for_what_its_letters_say(self):
        assert list(presets.bant().named) == ["budget", "authority", "need", "timeline"]


class TestEveryPreset:
    def test_asks_one_question_with_yes_or_no_for_each_letter(self, name):
        definition = made(name)

        assert len(definition.fields) == SIZES[name] == len(definition.named)
        assert {field.kind for field in definition.fields} == {bool}

    def test_wants_all_unless_told_otherwise(self, name):
        definition = made(name)

        assert isinstance(definition.qualify, AtLeast)
        assert definition.decide(answers(name, yes=SIZES[name])) is Outcome.QUALIFIED
        assert definition.decide(answers(name, yes=SIZES[name] - 1)) is Outcome.UNDECIDED

    @pytest.mark.parametrize("min_yes", [1, 2, 3, 4])
    def test_qualifies_with_as_many_as_asked_and_not_with_one_less(self, name, min_yes):
        definition = made(name, min_yes=min_yes)
        most = SIZES[name]

        assert definition.decide(answers(name, yes=min_yes)) is Outcome.QUALIFIED
        less = answers(name, yes=min_yes - 1, no=most - min_yes + 1)
        assert definition.decide(less) is Outcome.NOT_QUALIFIED

    def test_may_be_a_later_version(self, name):
        assert made(name, version=3).title == f"{name} v3"

    def test_says_why_it_asks(self, name):
        assert all(named.why for named in made(name).named.values())

    def test_is_an_ordinary_unsigned_definition(self, name):
        definition = made(name)

        assert definition.unsigned == ("marketing", "sales")
        assert LeadDefinition.from_dict(definition.to_dict()) == definition

    @pytest.mark.parametrize("min_yes", [0, 7, -1, 2.5, True, "3", None])
    def test_refuses_a_count_that_cannot_be_reached(self, name, min_yes):
        with pytest.raises(InvalidValue):
            made(name, min_yes=min_yes)
