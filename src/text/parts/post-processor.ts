import {
  asArray,
  asInteger,
  asRecord,
  asString,
  describeValue,
  type PipelineStep,
  pipelineSteps,
  refuseStep,
} from "../json-field.ts";
import { TextError } from "../text-error.ts";

/** The ids that a tokenizer puts around a single text. */
interface SurroundingTokens {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const KNOWN = ["TemplateProcessing", "BertProcessing", "RobertaProcessing", "ByteLevel"];
/** Maximum tokens that one step adds before or after a text. */
const MAX_TOKENS = 100;
const NOTHING: SurroundingTokens = { before: [], after: [] };

/** The ids of a template's special token: one name may have several. */
function templateTokens(name: string, step: PipelineStep, checkId: CheckId): number[] {
  const field = `${step.field}.special_tokens`;
  const tokens = asRecord(step.step["special_tokens"] ?? {}, field);
  if (!Object.hasOwn(tokens, name)) throw new TextError(`${field} has no ${describeValue(name)}, which single uses`);
  const idsField = `${field}[${describeValue(name)}].ids`;
  const ids = asArray(asRecord(tokens[name], `${field}[${describeValue(name)}]`)["ids"], idsField);
  return ids.map((id, i) => checkId(id, `${idsField}[${i}]`));
}

function fromTemplate(step: PipelineStep, checkId: CheckId): SurroundingTokens {
  const before: number[] = [];
  const after: number[] = [];
  let texts = 0;
  const field = `${step.field}.single`;
  for (const [i, value] of asArray(step.step["single"], field).entries()) {
    const item = asRecord(value, `${field}[${i}]`);
    if (item["SpecialToken"] === undefined) {
      const id = asRecord(item["Sequence"], `${field}[${i}].Sequence`)["id"];
      if (id !== "A") throw new TextError(`${field}[${i}].Sequence.id is ${describeValue(id)}, expected "A"`);
      texts++;
      continue;
    }
    const special = asRecord(item["SpecialToken"], `${field}[${i}].SpecialToken`);
    const ids = templateTokens(asString(special["id"], `${field}[${i}].SpecialToken.id`), step, checkId);
    for (const id of ids) (texts === 0 ? before : after).push(id);
  }
  if (texts !== 1) throw new TextError(`${field} has the text ${texts} times, expected once`);
  const most = Math.max(before.length, after.length);
  if (most > MAX_TOKENS) throw new TextError(`${field} adds ${most} tokens, expected at most ${MAX_TOKENS}`);
  return { before, after };
}

/** The id of a `[token, id]` pair. */
function pairToken(value: unknown, field: string, checkId: CheckId): number {
  return checkId(asArray(value, field)[1], `${field}[1]`);
}

function around(current: PipelineStep, checkId: CheckId): SurroundingTokens {
  const { step, type, field } = current;
  switch (type) {
    case "ByteLevel":
      return NOTHING;
    case "TemplateProcessing":
      return fromTemplate(current, checkId);
    case "BertProcessing":
    case "RobertaProcessing":
      return {
        before: [pairToken(step["cls"], `${field}.cls`, checkId)],
        after: [pairToken(step["sep"], `${field}.sep`, checkId)],
      };
    default:
      return refuseStep(current, KNOWN);
  }
}

type CheckId = (id: unknown, field: string) => number;

/**
 * The ids that the post-processor of tokenizer.json puts before and after a single text; each of several steps wraps
 * the result of the steps before it. `hasId` returns whether the vocabulary has an id: others are rejected.
 */
export function surroundingTokens(
  postProcessor: unknown,
  field: string,
  hasId: (id: number) => boolean,
): SurroundingTokens {
  const checkId: CheckId = (id, idField) => {
    const value = asInteger(id, idField, 0, Number.MAX_SAFE_INTEGER);
    if (!hasId(value)) throw new TextError(`${idField} is ${value}, which is not a token of the vocabulary`);
    return value;
  };
  let { before, after } = NOTHING;
  for (const step of pipelineSteps(postProcessor, field, "processors")) {
    const outer = around(step, checkId);
    before = [...outer.before, ...before];
    after = [...after, ...outer.after];
  }
  return { before, after };
}
