import { pick, type Random, times } from "./choices.ts";

/** Templates that count, nest, grow or recurse without end, or are not complete. */
export const costlyTemplates = [
  "{% for i in range(99999) %}{% for j in range(99999) %}{% for k in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
  "{% set r = range(99999) %}{% for i in r %}{% for j in r %}x{% endfor %}{% endfor %}",
  "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l }}",
  "{% set n = namespace(l={}) %}{% for i in range(99) %}{% set n.l = {'a': n.l, 'b': n.l} %}{% endfor %}{{ n.l | tojson }}",
  "{% set n = namespace(l=[]) %}{% for i in range(9999) %}{% set n.l = [n.l] %}{% endfor %}{{ n.l | tojson(indent=4) }}",
  "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = n.l + n.l %}{% endfor %}{{ n.l | sort | length }}",
  "{% set n = namespace(s='a') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}",
  "{% set n = namespace(s='a') %}{% for i in range(20) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s | replace('a', n.s) }}",
  "{% set n = namespace(s='a') %}{% for i in range(19) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s.replace('a', n.s) | length }}",
  "{% set n = namespace(s='a\n') %}{% for i in range(18) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s | indent(99999) }}",
  "{{ 'a\nb' | indent(999999999, true) }}{{ 'a' | indent(-1) }}",
  "{{ range(9999) | join('a' * 9) }}{{ range(99999) | join('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') }}",
  "{{ messages | tojson(indent=99999999) }}",
  "{{ messages | tojson(**{'indent': 99999999}) }}",
  "{{ messages | tojson(separators=('a', messages)) }}",
  "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}",
  "{% macro m(x) %}{{ m(x + 1) }}{{ m(x + 1) }}{% endmacro %}{{ m(1) }}",
  "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}{% call m() %}{% call m() %}{% call m() %}x{% endcall %}{% endcall %}{% endcall %}",
  "{% set n = namespace() %}{% set n.n = n %}{{ n }}",
  "{% set n = namespace() %}{% set l = [n, n] %}{% set n.l = l %}{{ l | tojson }}",
  "{% set n = namespace(c=0) %}{% for i in range(99999) %}{% if messages == 'x' %}y{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}{% endfor %}",
  "{{ messages[0].content[::1][::-1] | sort }}",
  "{{ [] | first }}{{ ([] | last).x }}{{ {}.get() }}",
  "{{ messages | selectattr() }}",
  "{{ messages | map(attribute=none) | list }}",
  "{{ 'a'.startswith() }}{{ 'a'.split(1, 2, 3) }}",
  "{{ none.x }}{{ nothing.x.y }}",
  "{% for a, b in [1, 2] %}{% endfor %}",
  "{{",
  "{% if",
  "{% for x in",
  "{% if true %}a",
  "{% macro f(",
  "{{ a(",
  "{{ [1, ",
  "{{ {'a': ",
  "{{ 'abc",
  "{% set x",
  "{# never closed",
  `{{ ${"(".repeat(5000)}1${")".repeat(5000)} }}`,
  `${"{% if true %}".repeat(3000)}${"{% endif %}".repeat(3000)}`,
  `${" ".repeat(100_000)}x`,
  `{{ ${"-".repeat(20_000)}1 }}`,
  "x".repeat(1_000_001),
  "{{ raise_exception('a' * 3) }}{{ raise_exception(messages) }}",
  "{% filter replace('a', 'aaaaaaaaaa') %}{{ messages[0].content }}{% endfilter %}",
  "{{ strftime_now('%A%B' * 9) }}{{ strftime_now(none) }}",
  "{{ 9 ** 9 ** 9 }}{{ 1 / 0 }}{{ 1 % 0 }}",
];

/** A template put together at random from statements that grow; one in five uses a value of another kind. */
export function hostileTemplate(random: Random): string {
  let room = 0;
  type Kind = "text" | "list";
  const value = (kind: Kind): string => {
    if (random() < 0.01) return pick(random, ["none", "7", "{}", "nothing", "f(1)"]);
    if (room-- <= 0) return kind === "text" ? "n.s" : "n.l";
    const [text, list] = [() => value("text"), () => value("list")];
    if (kind === "text") {
      return pick<() => string>(random, [
        () => pick(random, ["n.s", "'aaaaaaaaaaaaaaaa'", "messages[0].content", "bos_token"]),
        () => `(${text()} ${pick(random, ["+", "~"])} ${text()})`,
        () => `(${text()} | ${pick(random, ["trim", "upper", "string", "indent(50)", `replace('a', ${text()})`])})`,
        () => `(${list()} | ${pick(random, ["tojson", "tojson(indent=4)", "string", "join(n.s)", `join(${text()})`])})`,
        () => `${text()}${pick(random, ["[1:]", "[::-1]", ".upper()", ".strip('a')", ".replace('a', n.s)"])}`,
        () => `(${text()} if ${list()} == ${list()} else ${text()})`,
      ])();
    }
    return pick<() => string>(random, [
      () => pick(random, ["n.l", "messages", "range(999)", "[]", "[1, 2]"]),
      () => `[${list()}, ${list()}, ${text()}]`,
      () => `(${list()} + ${list()})`,
      () => `(${list()} | ${pick(random, ["reverse", "list", "unique"])})`,
      () => `${text()}.split('a')`,
      () => `{'a': ${list()}, 'b': ${text()}}.items()`,
      () => `${list()}${pick(random, ["[1:]", "[::-1]"])}`,
    ])();
  };
  const set = () => (random() < 0.5 ? `{% set n.s = ${value("text")} %}` : `{% set n.l = ${value("list")} %}`);
  const statement = (depth: number): string => {
    room = 4;
    const body = () => (depth > 0 ? statement(depth - 1) + statement(depth - 1) : `{{ ${value("text")} }}`);
    return pick<() => string>(random, [
      () => `{% for i in ${pick(random, ["range(99999)", "messages", "n.l", value("list")])} %}${body()}{% endfor %}`,
      () => `{% for i in range(${pick(random, [3, 30, 300])}) %}${set()}{% endfor %}`,
      () => `{% if ${value("text")} %}${body()}{% else %}${body()}{% endif %}`,
      set,
      () => `{{ ${value("text")} }}`,
      () => `{% macro f(m) %}${body()}{% endmacro %}{{ f(1) }}`,
    ])();
  };
  const text = `{% set n = namespace(s='ab', l=[1]) %}${times(3, () => statement(2)).join("")}`;
  return random() < 0.1 ? text.slice(0, Math.floor(random() * text.length)) : text;
}
