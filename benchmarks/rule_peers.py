"""
Other rule engines on the same eight criteria, each in two forms that are right.

They give a yes or no for a plain dict, with unknown as no; leadlib gives three values and the
answer to every condition.  The usual form is what one writes after reading the peer's pages, and
what the goals were set by; the tuned one was the fastest of several.  What the peer can say itself
is said in its own words, not in a function of ours.  A peer that is not installed is left out, and
the table says so.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from benchmarks.workload import BARRED, FREE_MAIL, TITLES, WANTED

Facts = dict[str, Any]
Decide = Callable[[Facts], object]
NAMES = (
    "industry",
    "employees",
    "budget",
    "country",
    "title",
    "mail_domain",
    "visits",
    "asked_for_demo",
    "took_prices",
)


def complete(values: Mapping[str, Any]) -> Facts:
    """Every key, with None where nothing was said: most peers know no missing key."""
    return {name: values.get(name) for name in NAMES}


def _quoted(options: Sequence[str] | frozenset[str]) -> str:
    return "[" + ", ".join(f'"{option}"' for option in sorted(options)) + "]"


def datalogic() -> Decide:
    """Every field is tested for null first."""
    from datalogic_py import Engine

    def said(name: str, *tests: Any) -> dict[str, Any]:
        return {"and": [{"!==": [{"var": name}, None]}, *tests]}

    def at_least(name: str, bound: int) -> dict[str, Any]:
        return said(name, {">=": [{"var": name}, bound]})

    def none_of(name: str, options: frozenset[str]) -> dict[str, Any]:
        return said(name, {"!": [{"in": [{"var": name}, sorted(options)]}]})

    words = [{"in": [word, {"var": "title"}]} for word in TITLES]
    rule = {
        "and": [
            {"in": [{"var": "industry"}, sorted(WANTED)]},
            at_least("employees", 50),
            at_least("budget", 10_000),
            none_of("country", BARRED),
            said("title", {"or": words}),
            none_of("mail_domain", FREE_MAIL),
            at_least("visits", 3),
            {"!!": [{"or": [{"var": "asked_for_demo"}, {"var": "took_prices"}]}]},
        ]
    }
    decide: Decide = Engine().compile(rule).evaluate
    return decide


def datalogic_tuned() -> Decide:
    """Null counts as 0 beside a number, and is in no text; a list may hold it."""
    from datalogic_py import Engine

    def at_least(name: str, bound: int) -> dict[str, Any]:
        return {">=": [{"var": name}, bound]}

    def none_of(name: str, options: frozenset[str]) -> dict[str, Any]:
        return {"!": {"in": [{"var": name}, [*sorted(options), None]]}}

    rule = {
        "and": [
            {"in": [{"var": "industry"}, sorted(WANTED)]},
            at_least("employees", 50),
            at_least("budget", 10_000),
            none_of("country", BARRED),
            {"or": [{"in": [word, {"var": "title"}]} for word in TITLES]},
            none_of("mail_domain", FREE_MAIL),
            at_least("visits", 3),
            {"or": [{"var": "asked_for_demo"}, {"var": "took_prices"}]},
        ]
    }
    decide: Decide = Engine().compile(rule).evaluate
    return decide


def zen_engine() -> Decide:
    """With contains, not matches: that compiles its pattern for every call."""
    return _zen("{0} != null and {0} >= {1}")


def zen_engine_tuned() -> Decide:
    return _zen("({0} ?? 0) >= {1}")


def _zen(at_least: str) -> Decide:
    import zen

    words = " or ".join(f'contains(title, "{word}")' for word in TITLES)
    decide: Decide = zen.compile_expression(
        f"industry in {_quoted(WANTED)} and {at_least.format('employees', 50)}"
        f" and {at_least.format('budget', 10_000)}"
        f" and country != null and country not in {_quoted(BARRED)}"
        f" and title != null and ({words})"
        f" and mail_domain != null and mail_domain not in {_quoted(FREE_MAIL)}"
        f" and {at_least.format('visits', 3)}"
        " and (asked_for_demo == true or took_prices == true)"
    ).evaluate
    return decide


def rule_engine() -> Decide:
    return _rule_engine(f'title =~~ "{"|".join(TITLES)}"')


def rule_engine_tuned() -> Decide:
    return _rule_engine(" or ".join(f'"{word}" in title' for word in TITLES))


def _rule_engine(words: str) -> Decide:
    from rule_engine import Context, Rule, resolve_item

    text = (
        f"industry in {_quoted(WANTED)} and employees != null and employees >= 50"
        " and budget != null and budget >= 10000"
        f" and country != null and not (country in {_quoted(BARRED)})"
        f" and title != null and ({words})"
        f" and mail_domain != null and not (mail_domain in {_quoted(FREE_MAIL)})"
        " and visits != null and visits >= 3 and (asked_for_demo or took_prices)"
    )
    decide: Decide = Rule(text, context=Context(resolver=resolve_item)).matches
    return decide


def _refuse(test: Callable[[Any], bool]) -> Any:
    """A validator of pydantic that refuses what the test holds for."""
    from pydantic import AfterValidator

    def check(value: Any) -> Any:
        if test(value):
            raise ValueError
        return value

    return AfterValidator(check)


def pydantic() -> Decide:
    """A model, and its error caught."""
    from typing import Annotated, Literal, Self

    from pydantic import BaseModel, Field, ValidationError, model_validator

    class Ready(BaseModel):
        industry: Literal[tuple(sorted(WANTED))]  # type: ignore[valid-type]
        employees: Annotated[int, Field(ge=50)]
        budget: Annotated[int, Field(ge=10_000)]
        country: Annotated[str, _refuse(BARRED.__contains__)]
        title: Annotated[str, Field(pattern="|".join(TITLES))]
        mail_domain: Annotated[str, _refuse(FREE_MAIL.__contains__)]
        visits: Annotated[int, Field(ge=3)]
        asked_for_demo: bool | None
        took_prices: bool | None

        @model_validator(mode="after")
        def is_keen(self) -> Self:
            if not (self.asked_for_demo or self.took_prices):
                raise ValueError
            return self

    def decide(facts: Facts) -> bool:
        try:
            Ready.model_validate(facts)
        except ValidationError:
            return False
        return True

    return decide


def pydantic_tuned() -> Decide:
    """Strict, a dict type and a bare yes or no: no model is made, and no error is raised."""
    from typing import Annotated, Literal

    from pydantic import ConfigDict, Field, TypeAdapter, with_config
    from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

    @with_config(ConfigDict(strict=True))
    class Ready(TypedDict):
        industry: Literal[tuple(sorted(WANTED))]  # type: ignore[valid-type]
        employees: Annotated[int, Field(ge=50)]
        budget: Annotated[int, Field(ge=10_000)]
        country: Annotated[str, _refuse(BARRED.__contains__)]
        title: Annotated[str, Field(pattern="|".join(TITLES))]
        mail_domain: Annotated[str, _refuse(FREE_MAIL.__contains__)]
        visits: Annotated[int, Field(ge=3)]
        asked_for_demo: bool | None
        took_prices: bool | None

    def is_cold(facts: Facts) -> bool:
        return not (facts["asked_for_demo"] or facts["took_prices"])

    decide: Decide = TypeAdapter(Annotated[Ready, _refuse(is_cold)]).validator.isinstance_python
    return decide


def business_rules() -> Decide:
    """Lists as lists, and whole numbers by the operators that one would look for."""

    def option(name: str) -> Any:
        return _variable("select_multiple", lambda facts: [facts[name]])

    some, none = "shares_at_least_one_element_with", "shares_no_elements_with"
    rule = {
        "all": [
            _test("industry", some, sorted(WANTED)),
            _test("employees", "greater_than_or_equal_to", 50),
            _test("budget", "greater_than_or_equal_to", 10_000),
            _test("country", none, [*sorted(BARRED), None]),
            _test("title", "matches_regex", ".*(" + "|".join(TITLES) + ")"),
            _test("mail_domain", none, [*sorted(FREE_MAIL), None]),
            _test("visits", "greater_than_or_equal_to", 3),
            _KEEN,
        ]
    }
    options = {name: option(name) for name in ("industry", "country", "mail_domain")}
    title = _variable("string", lambda facts: facts["title"] or "")
    return _business(rule, {**options, "title": title})


def business_rules_tuned() -> Decide:
    """
    Sets as one pattern each, which the engine searches far faster than its lists.

    Of whole numbers, "more than 49" takes one comparison and "at least 50" takes two; a Decimal is
    taken as it is.
    """

    def text(name: str) -> Any:
        return _variable("string", lambda facts: facts[name])

    def matches(name: str, pattern: str, options: Sequence[str] | frozenset[str]) -> dict[str, Any]:
        either = "|".join(map(re.escape, sorted(options)))
        return _test(name, "matches_regex", pattern.format(either))

    def at_least(name: str, bound: int) -> dict[str, Any]:
        return _test(name, "greater_than", Decimal(bound - 1))

    rule = {
        "all": [
            matches("industry", "^(?:{})$", WANTED),
            at_least("employees", 50),
            at_least("budget", 10_000),
            matches("country", "^(?!(?:{})$).", BARRED),
            matches("title", "{}", TITLES),
            matches("mail_domain", "^(?!(?:{})$).", FREE_MAIL),
            at_least("visits", 3),
            _KEEN,
        ]
    }
    texts = ("industry", "country", "title", "mail_domain")
    return _business(rule, {name: text(name) for name in texts})


def _variable(kind: str, look_up: Callable[[Facts], Any]) -> Any:
    from business_rules import variables

    return getattr(variables, f"{kind}_rule_variable")()(lambda self: look_up(self.facts))


def _test(name: str, operator: str, value: Any) -> dict[str, Any]:
    return {"name": name, "operator": operator, "value": value}


_KEEN = {"any": [_test(name, "is_true", None) for name in ("asked_for_demo", "took_prices")]}


def _business(rule: dict[str, Any], texts: Mapping[str, Any]) -> Decide:
    from business_rules.engine import check_conditions_recursively as check
    from business_rules.variables import BaseVariables

    def number(name: str) -> Any:
        return _variable("numeric", lambda facts: -1 if facts[name] is None else facts[name])

    def yes_no(name: str) -> Any:
        return _variable("boolean", lambda facts: facts[name] is True)

    def begin(self: Any, facts: Facts) -> None:
        self.facts = facts

    known = {
        **texts,
        **{name: number(name) for name in ("employees", "budget", "visits")},
        **{name: yes_no(name) for name in ("asked_for_demo", "took_prices")},
    }
    variables = type("Variables", (BaseVariables,), {"__init__": begin, **known})
    return lambda facts: check(rule, variables(facts))


# How many times faster leadlib is to be than the usual form, although it explains.
PEERS = MappingProxyType(
    {
        "datalogic-py": ("datalogic_py", datalogic, datalogic_tuned, 1.5),
        "pydantic": ("pydantic", pydantic, pydantic_tuned, 4.0),
        "zen-engine": ("zen", zen_engine, zen_engine_tuned, 4.5),
        "business-rules": ("business_rules", business_rules, business_rules_tuned, 30.0),
        "rule-engine": ("rule_engine", rule_engine, rule_engine_tuned, 75.0),
    }
)


def installed() -> dict[str, Decide]:
    """The peers that are here, ready to decide; the tuned form under a name of its own."""
    made = {}
    for name, (module, usual, tuned, _) in PEERS.items():
        if find_spec(module) is not None:
            made |= {name: usual(), f"{name}, tuned": tuned()}
    return made
