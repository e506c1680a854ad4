"""
Other rule engines on the same eight criteria, each in its fastest form that is right.

They give a yes or no for a plain dict, with unknown as no; leadlib gives three values and the
answer to every condition.  Each form was the fastest of several that gave the right answers; what
the peer can say itself is said in its own words, not in a function of ours.  A peer that is not
installed is left out, and the table says so.
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
    import zen

    words = " or ".join(f'contains(title, "{word}")' for word in TITLES)
    decide: Decide = zen.compile_expression(
        f"industry in {_quoted(WANTED)} and (employees ?? 0) >= 50 and (budget ?? 0) >= 10000"
        f" and country != null and country not in {_quoted(BARRED)}"
        f" and title != null and ({words})"
        f" and mail_domain != null and mail_domain not in {_quoted(FREE_MAIL)}"
        " and (visits ?? 0) >= 3 and (asked_for_demo == true or took_prices == true)"
    ).evaluate
    return decide


def rule_engine() -> Decide:
    from rule_engine import Context, Rule, resolve_item

    words = " or ".join(f'"{word}" in title' for word in TITLES)
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


def pydantic() -> Decide:
    """Strict, a dict type and a bare yes or no: no model is made, and no error is raised."""
    from typing import Annotated, Literal

    from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, with_config
    from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

    def refuse(test: Callable[[Any], bool]) -> AfterValidator:
        def check(value: Any) -> Any:
            if test(value):
                raise ValueError
            return value

        return AfterValidator(check)

    @with_config(ConfigDict(strict=True))
    class Ready(TypedDict):
        industry: Literal[tuple(sorted(WANTED))]  # type: ignore[valid-type]
        employees: Annotated[int, Field(ge=50)]
        budget: Annotated[int, Field(ge=10_000)]
        country: Annotated[str, refuse(BARRED.__contains__)]
        title: Annotated[str, Field(pattern="|".join(TITLES))]
        mail_domain: Annotated[str, refuse(FREE_MAIL.__contains__)]
        visits: Annotated[int, Field(ge=3)]
        asked_for_demo: bool | None
        took_prices: bool | None

    def is_cold(facts: Facts) -> bool:
        return not (facts["asked_for_demo"] or facts["took_prices"])

    decide: Decide = TypeAdapter(Annotated[Ready, refuse(is_cold)]).validator.isinstance_python
    return decide


def business_rules() -> Decide:
    """
    Sets as one pattern each, which the engine searches far faster than its lists.

    Of whole numbers, "more than 49" takes one comparison and "at least 50" takes two; a Decimal is
    taken as it is.
    """
    from business_rules.engine import check_conditions_recursively as check
    from business_rules.variables import (
        BaseVariables,
        boolean_rule_variable,
        numeric_rule_variable,
        string_rule_variable,
    )

    def text(name: str) -> Any:
        return string_rule_variable()(lambda self: self.facts[name])

    def number(name: str) -> Any:
        @numeric_rule_variable()
        def variable(self: Any) -> int:
            value = self.facts[name]
            return -1 if value is None else value

        return variable

    def yes_no(name: str) -> Any:
        return boolean_rule_variable()(lambda self: self.facts[name] is True)

    class Variables(BaseVariables):  # type: ignore[misc]
        industry, country, title, mail_domain = map(
            text, ("industry", "country", "title", "mail_domain")
        )
        employees, budget, visits = map(number, ("employees", "budget", "visits"))
        asked_for_demo, took_prices = map(yes_no, ("asked_for_demo", "took_prices"))

        def __init__(self, facts: Facts) -> None:
            self.facts = facts

    def test(name: str, operator: str, value: Any) -> dict[str, Any]:
        return {"name": name, "operator": operator, "value": value}

    def matches(name: str, pattern: str, options: Sequence[str] | frozenset[str]) -> dict[str, Any]:
        either = "|".join(map(re.escape, sorted(options)))
        return test(name, "matches_regex", pattern.format(either))

    def at_least(name: str, bound: int) -> dict[str, Any]:
        return test(name, "greater_than", Decimal(bound - 1))

    rule = {
        "all": [
            matches("industry", "^(?:{})$", WANTED),
            at_least("employees", 50),
            at_least("budget", 10_000),
            matches("country", "^(?!(?:{})$).", BARRED),
            matches("title", "{}", TITLES),
            matches("mail_domain", "^(?!(?:{})$).", FREE_MAIL),
            at_least("visits", 3),
            {"any": [test(name, "is_true", None) for name in ("asked_for_demo", "took_prices")]},
        ]
    }
    return lambda facts: check(rule, Variables(facts))


# How many times faster leadlib is to be, although it explains and they do not.
PEERS = MappingProxyType(
    {
        "datalogic-py": ("datalogic_py", datalogic, 1.5),
        "pydantic": ("pydantic", pydantic, 4.0),
        "zen-engine": ("zen", zen_engine, 4.5),
        "business-rules": ("business_rules", business_rules, 30.0),
        "rule-engine": ("rule_engine", rule_engine, 75.0),
    }
)


def installed() -> dict[str, Decide]:
    """The peers that are here, ready to decide."""
    return {
        name: make() for name, (module, make, _) in PEERS.items() if find_spec(module) is not None
    }
