"""Structure: entries held against the published schema, each with its line.

Here: the schema, values of the right form, and every way in which an entry breaks the schema, in words.
Not here: what else must hold between entries (resolving.py), reading files.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from assets.catalogue.files.entries import Entry, Problem, Raw, Written
from assets.catalogue.files.forms import parse, write
from assets.catalogue.kinds import KINDS, Form

# Fields that a file may have beside those that are stored: times of ads, which become bytes.
TIMES: Mapping[str, Mapping[str, Form]] = {"spans": {"start": "seconds", "end": "seconds"}}

SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"


@cache
def schema_text() -> str:
    """The published JSON schema of a file."""
    return (resources.files("assets.catalogue.files") / "schema.json").read_text("utf-8")


@cache
def _validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema_text())["$defs"][kind])


def forms_of(kind: str) -> dict[str, Form]:
    """The form of each field that an entry of the kind may have."""
    return {**{each.name: each.form for each in KINDS[kind].fields}, **TIMES.get(kind, {})}


def check(raws: Iterable[Raw]) -> tuple[list[Entry], list[Problem]]:
    """The entries with values of their forms, and everything that breaks the schema; broken entries are left out."""
    entries, problems = [], []
    for raw in raws:
        entry, found = _check(raw)
        problems += found
        if not found:
            entries.append(entry)
    return entries, problems


def _check(raw: Raw) -> tuple[Entry, list[Problem]]:
    forms, values, problems = forms_of(raw.kind), {}, []
    for name, written in raw.values.items():
        if name not in forms:
            near = difflib.get_close_matches(name, forms, n=1)
            advice = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(forms)}"
            problems.append(Problem(raw.at(name), f"{raw.kind} have no field {name!r}{advice}"))
            continue
        try:
            values[name] = _value(forms[name], written)
        except ValueError as error:
            problems.append(Problem(raw.at(name), f"{name}: {error}"))
    plain = {name: _plain(forms[name], value) for name, value in values.items()}
    for wrong in _validator(raw.kind).iter_errors(plain):
        problems += [Problem(raw.at(name), message) for name, message in _explain(wrong, raw)]
    return Entry(raw, values), sorted(set(problems))


def _value(form: Form, written: Written) -> Any:
    if form == "texts":
        several = [written] if isinstance(written, str) else written or []
        return [parse(form, each) for each in several]
    if isinstance(written, list):
        raise ValueError("one value is wanted here, and there is a list")
    return None if written is None else parse(form, written)


def _plain(form: Form, value: Any) -> Any:
    """The value as JSON has it; a number stays exact."""
    if isinstance(value, date | datetime):
        return write(value)
    return value


def _explain(error: ValidationError, raw: Raw) -> Iterator[tuple[str, str]]:
    """field, message: of one error of the schema."""
    name = str(error.path[0]) if error.path else ""
    if error.validator == "required":
        for lacking in sorted(set(error.validator_value) - set(raw.values)):
            yield lacking, f"one of {raw.kind} needs its {lacking}"
    elif error.validator == "oneOf":
        yield "", "a span needs start and end, or first_byte and last_byte, and not both"
    elif error.validator == "pattern":
        yield name, f"{name}: {error.instance!r} does not look like one: {_about(error)}"
    elif error.validator == "enum":
        choices = ", ".join("null" if each is None else str(each) for each in error.validator_value)
        yield name, f"{name}: {error.instance!r} is none of {choices}"
    elif error.validator == "type" and error.instance is None:
        yield name, f"{name} cannot be empty"
    elif error.validator != "additionalProperties":
        yield name, f"{name}: {_said(error)}"


def _about(error: ValidationError) -> str:
    return str(error.schema.get("description", ""))


def _said(error: ValidationError) -> str:
    """The library's sentence, its numbers and texts as files have them."""
    bound, value = error.validator_value, write(error.instance)
    sentences: dict[str, str] = {
        "minimum": f"{value} is less than {bound}",
        "maximum": f"{value} is more than {bound}",
        "exclusiveMinimum": f"{value} is not more than {bound}",
        "minLength": "it is empty",
        "maxLength": f"it is longer than {bound} characters",
    }
    return sentences.get(str(error.validator), str(error.message))
