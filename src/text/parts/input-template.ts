import {
  asArray,
  asBoolean,
  asInteger,
  asRecord,
  asString,
  describeValue,
  type PipelineStep,
  pipelineSteps,
  refuseStep,
} from "../json-field.ts";
import { TextError } from "../text-error.ts";

/** A piece of an encoder's input: a special token, or the tokens of the first or second text. */
export type TemplatePiece = { readonly typeId: number } & (
  | { readonly id: number; readonly of?: undefined }
  | { readonly of: 0 | 1 }
);

/** A post-processor's templates for a text and for a pair, and whether it trims spaces from token ranges. */
interface InputTemplate {
  readonly single: readonly TemplatePiece[];
  readonly pair: readonly TemplatePiece[];
  /** How spaces are trimmed, if at all; `prefixSpace`: a space has been inserted in front of the text. */
  readonly trims?: { readonly prefixSpace: boolean };
}

const KNOWN = ["TemplateProcessing", "BertProcessing", "RobertaProcessing", "ByteLevel"];
/** Maximum pieces of a template, and maximum ids of a special token. */
const MAX_PIECES = 100;
/** Highest type id: real models have two types. */
const MAX_TYPE = 0xffff;

type CheckId = (id: unknown, field: string) => number;

function templatePieces(list: unknown, field: string, step: PipelineStep, checkId: CheckId): TemplatePiece[] {
  const pieces = asArray(list, field).flatMap((value, i): TemplatePiece[] => {
    const item = asRecord(value, `${field}[${i}]`);
    const kind = item["SpecialToken"] === undefined ? "Sequence" : "SpecialToken";
    const name = `${field}[${i}].${kind}`;
    const piece = asRecord(item[kind], name);
    const typeId = asInteger(piece["type_id"] ?? 0, `${name}.type_id`, 0, MAX_TYPE);
    const id = asString(piece["id"], `${name}.id`);
    if (kind === "Sequence") {
      if (id !== "A" && id !== "B") throw new TextError(`${name}.id is ${describeValue(id)}, expected "A" or "B"`);
      return [{ of: id === "A" ? 0 : 1, typeId }];
    }
    const tokens = `${step.field}.special_tokens`;
    const special = asRecord(step.step["special_tokens"] ?? {}, tokens);
    if (!Object.hasOwn(special, id)) throw new TextError(`${tokens} has no ${describeValue(id)}, which ${field} uses`);
    const ids = `${tokens}[${describeValue(id)}].ids`;
    const given = asArray(asRecord(special[id], `${tokens}[${describeValue(id)}]`)["ids"], ids);
    return given.map((value, at) => ({ id: checkId(value, `${ids}[${at}]`), typeId }));
  });
  if (pieces.length > MAX_PIECES) {
    throw new TextError(`${field} has ${pieces.length} tokens and texts, expected at most ${MAX_PIECES}`);
  }
  return pieces;
}

/** The pieces, each text once. */
function checkTexts(pieces: readonly TemplatePiece[], field: string, texts: readonly (0 | 1)[]) {
  for (const text of [0, 1] as const) {
    const times = pieces.filter(({ of }) => of === text).length;
    const expected = texts.includes(text) ? 1 : 0;
    if (times !== expected) {
      throw new TextError(
        `${field} has the ${text === 0 ? "first" : "second"} text ${times} times, expected ${expected}`,
      );
    }
  }
  return pieces;
}

const NOTHING: InputTemplate = {
  single: [{ of: 0, typeId: 0 }],
  pair: [
    { of: 0, typeId: 0 },
    { of: 1, typeId: 1 },
  ],
};

function trimming({ step, field }: PipelineStep): Pick<InputTemplate, "trims"> {
  const prefixSpace = asBoolean(step["add_prefix_space"], `${field}.add_prefix_space`, true);
  return asBoolean(step["trim_offsets"], `${field}.trim_offsets`, true) ? { trims: { prefixSpace } } : {};
}

function classSeparators(current: PipelineStep, checkId: CheckId): InputTemplate {
  const { step, type, field } = current;
  const token = (name: string) => {
    const named = asArray(step[name], `${field}.${name}`);
    return checkId(named[1], `${field}.${name}[1]`);
  };
  const [cls, sep] = [token("cls"), token("sep")];
  const roberta = type === "RobertaProcessing";
  const second = roberta ? 0 : 1;
  const single: TemplatePiece[] = [
    { id: cls, typeId: 0 },
    { of: 0, typeId: 0 },
    { id: sep, typeId: 0 },
  ];
  const between: TemplatePiece[] = roberta ? [{ id: sep, typeId: 0 }] : [];
  const pair = [...single, ...between, { of: 1, typeId: second } as const, { id: sep, typeId: second }];
  return { single, pair, ...(roberta && trimming(current)) };
}

function templateOf(current: PipelineStep, checkId: CheckId): InputTemplate {
  const { step, type, field } = current;
  if (type === "ByteLevel") return { ...NOTHING, ...trimming(current) };
  if (type === "BertProcessing" || type === "RobertaProcessing") return classSeparators(current, checkId);
  if (type !== "TemplateProcessing") return refuseStep(current, KNOWN);
  const pieces = (name: "single" | "pair") => templatePieces(step[name], `${field}.${name}`, current, checkId);
  const single = checkTexts(pieces("single"), `${field}.single`, [0]);
  // Files for single texts only have an empty list.
  const given = step["pair"] === undefined || step["pair"] === null ? [] : pieces("pair");
  const pair = given.length === 0 ? [] : checkTexts(given, `${field}.pair`, [0, 1]);
  return { single, pair };
}

/** The template `outer` with its texts replaced by `inner`'s results. */
function wrapped(outer: InputTemplate, inner: InputTemplate): InputTemplate {
  const first = inner.single;
  const around = (pieces: readonly TemplatePiece[]) =>
    pieces.flatMap((piece) =>
      piece.of === undefined
        ? [piece]
        : first.map(
            (part) => ({ ...part, ...(part.of === 0 ? { of: piece.of } : {}), typeId: piece.typeId }) as TemplatePiece,
          ),
    );
  return { ...inner, ...outer, single: around(outer.single), pair: around(outer.pair) };
}

/**
 * The templates of tokenizer.json's post-processor for a text and for a pair (huggingface/tokenizers, src/processors);
 * each of several steps wraps the result of the steps before it. `hasId` returns whether the vocabulary has an id:
 * others are rejected.
 */
export function readInputTemplate(
  postProcessor: unknown,
  field: string,
  hasId: (id: number) => boolean,
): InputTemplate {
  const checkId: CheckId = (id, idField) => {
    const value = asInteger(id, idField, 0, Number.MAX_SAFE_INTEGER);
    if (!hasId(value)) throw new TextError(`${idField} is ${value}, which is not a token of the vocabulary`);
    return value;
  };
  const [first, ...rest] = pipelineSteps(postProcessor, field, "processors").map((step) => templateOf(step, checkId));
  return rest.reduce((inner, outer) => wrapped(outer, inner), first ?? NOTHING);
}
