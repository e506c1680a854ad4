"""
Other rule engines on the same eight criteria, each in its fastest form that is right.

They give a yes or no for a plain dict, with unknown as no; leadlib gives three values and the
answer to every condition.  A peer that is not installed is left out, and the table says so.
"""

from collections.abc import Callable, Mapping, Sequence
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
    from datalogic_py import Engine

    def known(name: str) -> dict[str, Any]:
        return {"!==": [{"var": name}, None]}

    def at_least(name: str, bound: int) -> dict[str, Any]:
        return {"and": [known(name), {">=": [{"var": name}, bound]}]}

    def none_of(name: str, options: frozenset[str]) -> dict[str, Any]:
        return {"and": [known(name), {"!": {"in": [{"var": name}, sorted(options)]}}]}

    words = [{"in": [word, {"var": "title"}]} for word in TITLES]
    rule = {
        "and": [
            {"in": [{"var": "industry"}, sorted(WANTED)]},
            at_least("employees", 50),
            at_least("budget", 10_000),
            none_of("country", BARRED),
            {"and": [known("title"), {"or": words}]},
            none_of("mail_domain", FREE_MAIL),
            at_least("visits", 3),
            {"!!": {"or": [{"var": "asked_for_demo"}, {"var": "took_prices"}]}},
        ]
    }
    decide: Decide = Engine().compile(rule).evaluate
    return decide


def zen_engine() -> Decide:
    import zen

    words = " or ".join(f'contains(title, "{word}")' for word in TITLES)
    decide: Decide = zen.compile_expression(
        f"industry in {_quoted(WANTED)} and employees != null and employees >= 50"
        " and budget != null and budget >= 10000"
        f" and country != null and country not in {_quoted(BARRED)}"
        f" and title != null and ({words})"
        f" and mail_domain != null and mail_domain not in {_quoted(FREE_MAIL)}"
        " and visits != null and visits >= 3"
        " and (asked_for_demo == true or took_prices == true)"
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
    from typing import Annotated, Literal

    from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError

    def refuse(test: Callable[[Any], bool]) -> AfterValidator:
        def check(value: Any) -> Any:
            if not test(value):
                raise ValueError
            return value

        return AfterValidator(check)

    class Ready(BaseModel):
        industry: Literal[tuple(sorted(WANTED))]  # type: ignore[valid-type]
        employees: Annotated[int, Field(ge=50)]
        budget: Annotated[int, Field(ge=10_000)]
        country: Annotated[str, refuse(lambda value: value not in BARRED)]
        title: Annotated[str, Field(pattern="|".join(TITLES))]
        mail_domain: Annotated[str, refuse(lambda value: value not in FREE_MAIL)]
        visits: Annotated[int, Field(ge=3)]
        asked_for_demo: bool | None
        took_prices: bool | None

    validate = TypeAdapter(Ready).validator.validate_python

    def decide(facts: Facts) -> bool:
        try:
            ready = validate(facts)
        except ValidationError:
            return False
        return bool(ready.asked_for_demo or ready.took_prices)

    return decide


def business_rules() -> Decide:
    from business_rules.engine import check_conditions_recursively as check
    from business_rules.variables import (
        BaseVariables,
        boolean_rule_variable,
        numeric_rule_variable,
        select_multiple_rule_variable,
        string_rule_variable,
    )

    def choice(name: str) -> Any:
        @select_multiple_rule_variable(options=[])
        def variable(self: Any) -> list[Any]:
            return [self.facts[name]]

        return variable

    def number(name: str) -> Any:
        @numeric_rule_variable()
        def variable(self: Any) -> int:
            value = self.facts[name]
            return -1 if value is None else value

        return variable

    def yes_no(name: str) -> Any:
        @boolean_rule_variable()
        def variable(self: Any) -> bool:
            return bool(self.facts[name])

        return variable

    class Variables(BaseVariables):  # type: ignore[misc]
        industry, country, mail_domain = map(choice, ("industry", "country", "mail_domain"))
        employees, budget, visits = map(number, ("employees", "budget", "visits"))
        asked_for_demo, took_prices = map(yes_no, ("asked_for_demo", "took_prices"))

        def __init__(self, facts: Facts) -> None:
            self.facts = facts

        @string_rule_variable()
        def title(self) -> str:
            return self.facts["title"] or ""

    def test(name: str, operator: str, value: Any) -> dict[str, Any]:
        return {"name": name, "operator": operator, "value": value}

    def none_of(name: str, options: frozenset[str]) -> dict[str, Any]:
        return test(name, "shares_no_elements_with", [*sorted(options), None])

    rule = {
        "all": [
            test("industry", "shares_at_least_one_element_with", sorted(WANTED)),
            test("employees", "greater_than_or_equal_to", 50),
            test("budget", "greater_than_or_equal_to", 10_000),
            none_of("country", BARRED),
            {"any": [test("title", "contains", word) for word in TITLES]},
            none_of("mail_domain", FREE_MAIL),
            test("visits", "greater_than_or_equal_to", 3),
            {
                "any": [
                    test(name, "is_true", value=True) for name in ("asked_for_demo", "took_prices")
                ]
            },
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
