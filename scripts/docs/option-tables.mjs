// The tables of options, from their checks and from the comments of their types.
import { bundled } from "./bundled.mjs";
import { fieldsOfType, shapesOfField } from "./interfaces.mjs";
import { noted, widest } from "./tables.mjs";

const source = "scripts/docs/option-checks.ts";

/** Types of objects that cannot be found through the type of their option, by the option and the kind. */
const typesOfKinds = { layout: { paged: "PagedLayout", ring: "RingLayout", ragged: "RaggedLayout" } };

/** Options whose values are listed in other tables. */
const listed = {
  mask: "[masks](masks-and-scores.md#masks), and `and` or `or` of several",
  score: "[scores](masks-and-scores.md#scores), and lists of them",
};

/** The tables of docs/library.md, by function. */
export async function optionTables() {
  const { loadModelFields, generateFields, chatFields, engineFields, attention, attentionOptions } = await bundled(
    `export * from "./${source}";`,
  );
  const ofChat = new Map([...chatFields.checks].filter(([name]) => !generateFields.checks.has(name)));
  // `defineOp` adds this option to every op.
  const names = Object.keys(attention.variants).map((name) => JSON.stringify(name));
  const ofAttention = new Map([["variant", () => names.join(" or ")]]);
  return {
    loadModel: tableOf(await rowsOf(loadModelFields.checks, "ModelOptions")),
    generate: tableOf(await rowsOf(generateFields.checks, "GenerationOptions")),
    chat: tableOf(await rowsOf(ofChat, "ChatOptions")),
    createEngine: tableOf(await rowsOf(engineFields.checks, "EngineOptions")),
    attention: tableOf([
      ...(await rowsOf(attentionOptions.checks, "AttentionOptions")),
      ...(await rowsOf(ofAttention, "VariantChoice")),
    ]),
  };
}

const rowsOf = async (checks, type) => rowsWithin("", checks, await fieldsOfType(source, type));

/** Rows of options, each object's followed by those of its fields: `cache.dtype`. `given` is the object's default. */
async function rowsWithin(path, checks, fields, given) {
  const rows = [];
  for (const [name, check] of checks) {
    const option = `${path}${name}`;
    const field = fields.get(name);
    if (!field) throw new Error(`${option} is checked, and is no field of its type`);
    const usual = check.required ? "required" : (field.usual ?? given);
    if (usual === undefined) throw new Error(`${option} has no @defaultValue in its comment`);
    if (field.about === "") throw new Error(`${option} has no comment`);
    const range = listed[option] ?? rangeOf(check);
    rows.push({ option, type: field.text, usual, range, about: field.about, kinds: [] });
    const shapes = check.fields || check.kinds ? await shapesOfField(field) : [];
    if (check.fields) {
      const within = check.fields.checks;
      const shape = shapes.find((one) => [...within.keys()].every((key) => one.has(key)));
      rows.push(...(await rowsWithin(`${option}.`, within, shape ?? new Map(), usual)));
    }
    for (const [kind, { checks: all }] of check.kinds ?? []) {
      const within = new Map([...all].filter(([key]) => key !== "kind"));
      const type = typesOfKinds[option]?.[kind];
      const shape = type
        ? await fieldsOfType(source, type)
        : shapes.find((one) => one.get("kind")?.text === JSON.stringify(kind));
      for (const row of await rowsWithin(`${option}.`, within, shape ?? new Map(), usual)) {
        const same = rows.find((one) => one.option === row.option && one.about === row.about);
        if (same) same.kinds.push(kind);
        else rows.push({ ...row, kinds: [kind] });
      }
    }
  }
  return rows;
}

/** The table of rows, with the first sentence of each option's meaning; the others go below it. */
function tableOf(rows) {
  const shown = rows.map(({ option, type, usual, range, about, kinds }) => {
    const [, first = about, rest = ""] = /^(.*?[.!?])\s+(?=[A-Z`−])(.*)$/.exec(about) ?? [];
    const of = kinds.map((kind) => `\`${kind}\``).join(" and ");
    const what = first.replace(/\.$/, "");
    const meaning = of ? `of ${of}: ${what[0].toLowerCase()}${what.slice(1)}` : what;
    const isLong = range.length > widest;
    const cells = [`\`${option}\``, typeCell(type), usual, isLong ? "below" : range, meaning];
    return { cells, note: [isLong ? `${range}.` : "", rest].filter(Boolean).join(" ") };
  });
  return noted(["option", "type", "default", "range", "meaning"], shown);
}

/** A type as written; functions and objects are described. */
function typeCell(type) {
  const bare = type.replace(/^\((.*)\)$/, "$1");
  if (bare.includes("=>")) return "function";
  if (bare.startsWith("keyof ")) return "`string`";
  return `\`${bare.replace(/^Readonly<(.*)>$/, "$1")}\``;
}

/** The values that a check accepts, unless the type already says this. */
function rangeOf(check) {
  const expected = check(Symbol("of no type")) ?? "";
  const [one = "", other] = expected.split(", or a list, each ");
  if (other === undefined) return shortRange(expected);
  return shortRange(one) && `${shortRange(one)}, or a list of them`;
}

function shortRange(expected) {
  const text = expected
    .replace(/^an object, each of its values /, "each ")
    .replace(/\ban? (integer|number) from (-?[\d.]+) to (-?[\d.]+)/g, (_, kind, from, to) => {
      const range = `${figure(from)} to ${figure(to)}`;
      return kind === "integer" ? `integers, ${range}` : range;
    })
    .replace(/\ban integer of (-?\d+) or more/g, (_, from) => `integers from ${figure(from)}`)
    .replace(/^a (number|text) that is /, "")
    .replace(/, or an object with .*/, "")
    .replaceAll(/(an object with kind )?("[^"]*"|\btrue\b|\bfalse\b)/g, (_, object, word) =>
      object ? `\`{ kind: ${word} }\`` : `\`${word}\``,
    );
  if (text === "`true` or `false`") return "";
  if (text.startsWith("`")) return text.replaceAll("` or `", "`, `");
  return /\d|finite|empty/.test(text) ? text : "";
}

/** A number as written in prose: powers of two, and a minus sign. */
function figure(text) {
  const value = Number(text);
  const ofOpposite = Math.log2(1 - value);
  if (ofOpposite >= 20 && Number.isInteger(ofOpposite)) return `1 − 2${raised(ofOpposite)}`;
  for (const [more, ending] of [
    [0, ""],
    [1, " − 1"],
  ]) {
    const power = Math.log2(value + more);
    if (power >= 20 && Number.isInteger(power)) return `2${raised(power)}${ending}`;
  }
  return value < 0 ? `−${-value}` : `${value}`;
}

const raised = (power) => [...`${power}`].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");
