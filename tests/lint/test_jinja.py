"""Our own look at Jinja2 templates, beside Jinja2 itself."""

from __future__ import annotations

from random import Random

import pytest

from difyflow.lint import _jinja

GOOD = (
    "",
    "plain { text } with } signs }} and %}",
    "{{ name }}",
    "{{- name | default('x') | upper -}}",
    "{{ {'a': {'b': 1}} }}",
    "{{ '}}' ~ \"%}\" }}",
    "{% if a %}{% elif b %}{% else %}{% endif %}",
    "{%- for key, value in items.items() -%}{{ loop.index }} {{ key }} {{ value }}{%- else -%}{%- endfor -%}",
    "{% set x = 1 %}{{ x }}{% set y %}a{% endset %}{{ y }}",
    "{% raw %}{{ {% {#{% endraw %}",
    "{# a note {{ #}",
    "{% macro row(a, b=1) %}{{ a }}{{ b }}{% endmacro %}{{ row(name) }}",
    "{{ a if b is defined and not c else d[1:2] }}",
    "{{ x is divisibleby 3 }}{{ a.1 }}{{ 1.5e3 }}{{ -2 }}",
    "{% filter upper %}a{% endfilter %}{% with z = 1 %}{{ z }}{% endwith %}",
    "{{ 名字 }}",
)
BAD = (
    "{{#start.text#}}",
    "{{ name",
    "{% if a %}b",
    "{% for a in b %}{% endif %}",
    "{% endif %}",
    "{% else %}",
    "{{ }}",
    "{# note",
    "{{ a b }}",
    "{{ 'a }}",
    "{{ a[ }}",
    "{{ a ? b : c }}",
    "{{ a && b }}",
    "{% trans %}a{% endtrans %}",
    "{{ name | shout }}",
    "{% raw %}a",
)


@pytest.mark.parametrize("template", GOOD)
def test_what_jinja_takes_is_taken(template: str) -> None:
    assert _jinja.fault(template) is None


@pytest.mark.parametrize("template", BAD)
def test_what_jinja_refuses_is_refused(template: str) -> None:
    assert _jinja.fault(template) is not None


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{{ a }}{{ b.c }}{{ d['e'] }}", {"a", "b", "d"}),
        ("{% for x in rows %}{{ x.name }}{{ loop.index }}{% endfor %}", {"rows"}),
        ("{% set y = a %}{{ y }}", {"a"}),
        ("{{ a | join(', ') }}{{ b | indent(width=n) }}", {"a", "b", "n"}),
        ("{% if a is none and b is not defined %}{{ b }}{% endif %}", {"a"}),
        ("{% if a is defined %}{{ a }}{% endif %}{{ c if d is undefined }}", {"c"}),
        (
            "{% call(row) table(rows) %}{{ row }}{% endcall %}{% call table(x) %}{% endcall %}",
            {"table", "rows", "x"},
        ),
        ("{{ range(3) }}{{ true }}", set()),
    ],
)
def test_the_names_are_those_that_must_be_given(template: str, names: set[str]) -> None:
    assert _jinja.names(template) == names


@pytest.mark.local
def test_it_refuses_nothing_that_jinja_itself_takes() -> None:
    from jinja2 import Environment, TemplateError

    random, pieces = (
        Random(3),
        ["{{", "}}", "{%", "%}", "{", "}", "#", "|", ".", " ", "x", '"', "'", "(", "endif"],
    )
    refused = both = 0
    for _ in range(600):
        text = random.choice((*GOOD, *BAD))
        place = random.randrange(len(text) + 1)
        text = text[:place] + random.choice(pieces) + text[place + random.randrange(2) :]
        try:
            Environment().from_string(text)
        except TemplateError:
            refused += 1
            both += _jinja.fault(text) is not None
        else:
            assert _jinja.fault(text) is None, text
    assert both > 0.85 * refused
