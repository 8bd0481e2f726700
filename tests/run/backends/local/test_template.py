"""Templates of others: nothing of Python is reached, and no limit is passed."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from graphon.template_rendering import TemplateRenderError

from difyflow.run.backends.local.interrupt import Interrupt
from difyflow.run.backends.local.template import SandboxedTemplates


def render(template: str, **variables: Any) -> str:
    return SandboxedTemplates(Interrupt(), max_s=0.5).render_template(template, variables)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ i + 1 }}. {{ text }}", "1. a"),
        ("{% for x in items %}{{ loop.index }}{{ x|upper }} {% endfor %}", "1B 2C "),
        ("{{ items|join('-') }} {{ o.k }} {{ o['k']|tojson }}", 'b-c v "v"'),
        ("{{ '%05d' % 42 }} {{ '{:>4}'.format('x') }} {{ '%d'|format(1000000) }}", "00042    x 1000000"),
        ("{{ 2 ** 10 }} {{ 'ab' * 3 }} {{ 'a' ~ 1 ~ none }}", "1024 ababab a1None"),
        ("{{ missing }}|{{ missing|default('d') }}|{{ 5000000|default(1) }}", "|d|5000000"),
        ("{% set c = cycler('x', 'y') %}{{ c.next() }}{{ c.next() }}", "xy"),
        ("{% set n = namespace(v=0) %}{% for x in items %}{% set n.v = n.v + 1 %}{% endfor %}{{ n.v }}", "2"),
        ("<b>{{ html }}</b>", "<b><i></b>"),
    ],
)
def test_what_templates_do_works(template: str, expected: str) -> None:
    assert render(template, i=0, text="a", items=["b", "c"], o={"k": "v"}, html="<i>") == expected


@pytest.mark.parametrize(
    "template",
    [
        "{{ q.__class__.__mro__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ q.format.__globals__.os }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ self.__init__ }}{{ self._TemplateReference__context.environment }}",
        "{% import 'os' as os %}{{ os.environ }}",
        "{% include '/etc/passwd' %}",
        "{{ items.append(1) }}",
        "{{ lipsum(n=100000) }}",
    ],
)
def test_the_inside_of_python_is_out_of_reach(template: str) -> None:
    with pytest.raises(TemplateRenderError):
        render(template, q="x", items=[])


@pytest.mark.parametrize(
    "template", ["{{ '{0.__class__}'.format(q) }}", "{{ q|attr('__class__') }}", "{{ q.__class__ }}"]
)
def test_where_jinja_answers_with_nothing_nothing_it_is(template: str) -> None:
    assert render(template, q="x") == ""


def repeated(first: str, step: str) -> str:
    """A value that is made of itself sixty times."""
    loop = "{% for i in range(60) %}{% set n.s = " + step + " %}{% endfor %}"
    return "{% set n = namespace(s=" + first + ") %}" + loop


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'a' * 10**9 }}",
        "{{ [1] * 10**9 }}",
        "{{ 10 ** (10 ** 9) }}",
        "{{ 'a'.ljust(10**9) }}",
        "{{ 'a'|center(10**9) }}",
        "{{ 'a'|indent(10**9) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%*d' % (999999999, 1) }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ '{:{}}'.format(1, 999999999) }}",
        "{{ '%999999999d'|format(1) }}",
        "{% for i in range(10**9) %}{% endfor %}",
        repeated("'a'", "n.s ~ n.s"),
        repeated("'a'", "n.s + n.s"),
        repeated("'a'", "n.s|replace('a', 'aa')"),
        repeated("'a'", "n.s.replace('a', 'aa')"),
        repeated("['a']", "n.s + n.s"),
        "{% set t %}{% for i in range(99999) %}" + "a" * 99 + "{% endfor %}{% endset %}{{ t }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in q %}{% for b in q %}{% for c in q %}{% endfor %}{% endfor %}{% endfor %}",
    ],
)
def test_a_template_that_would_eat_the_machine_is_refused(template: str) -> None:
    with pytest.raises(TemplateRenderError):
        render(template, q="x" * 5000)


@pytest.mark.parametrize("template", ["{{ x", "{{ 1/0 }}", "{{ x.y.z }}", "{{ [][5] + 1 }}", "{% bad %}"])
def test_a_fault_is_told_in_one_line(template: str) -> None:
    with pytest.raises(TemplateRenderError) as caught:
        render(template)
    assert "\n" not in str(caught.value)


def test_the_tracer_of_a_debugger_is_put_back() -> None:
    def tracer(*_args: Any) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        render("{{ 1 }}")
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


def test_output_over_the_nodes_own_limit_fails_the_node(local: Any, flows: Any) -> None:
    long = "{% for i in range(50000) %}123456789{% endfor %}"
    template = {"id": "t", "type": "template-transform", "title": "T", "template": long, "variables": []}
    result = local.result(flows.chain(template))
    assert result.error == "Output length exceeds 400000 characters"
