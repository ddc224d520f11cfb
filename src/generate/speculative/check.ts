import { OptionError } from "../../options/errors.ts";
import type { ProposingModel, Speculation } from "./options.ts";

/**
 * Throws `OptionError` for a draft model with other tokens than the model's, or a shorter context. `where` describes
 * the draft model in the error.
 */
export function checkDraftModel(model: ProposingModel, draft: ProposingModel, where: string): void {
  const fail = (problem: string): never => {
    throw new OptionError(`${where} is ${draft.name}, ${problem}`);
  };
  const { vocabulary } = model.decoder.config;
  const own = draft.decoder.config.vocabulary;
  if (own !== vocabulary) fail(`which has ${own} tokens, expected the ${vocabulary} of ${model.name}`);
  if (draft.gpu !== model.gpu) fail(`which is on another device than ${model.name}`);
  if (draft.context < model.context) {
    fail(`whose context is ${draft.context} tokens, expected at least the ${model.context} of ${model.name}`);
  }
  if (sameTokens(model, draft)) return;
  const shown = (one: ProposingModel, id: number) =>
    JSON.stringify(one.tokenizer.decode([id], { skipSpecialTokens: false }));
  for (let id = 0; id < vocabulary; id++) {
    if (shown(model, id) !== shown(draft, id)) {
      fail(`whose token ${id} is ${shown(draft, id)}, expected ${shown(model, id)} as in ${model.name}`);
    }
  }
  same.set(model, (same.get(model) ?? new WeakSet()).add(draft));
}

/** Pairs of models already compared. */
const same = new WeakMap<ProposingModel, WeakSet<ProposingModel>>();

const sameTokens = (model: ProposingModel, draft: ProposingModel): boolean =>
  model === draft || model.tokenizer === draft.tokenizer || same.get(model)?.has(draft) === true;

/** Throws `OptionError` for a model whose states cannot go back by a few tokens, as refused proposals need. */
function checkRewinds({ name, decoder }: ProposingModel, where: string): void {
  if (!decoder.config.state) return;
  throw new OptionError(
    `${where} is not supported with ${name}: its layers carry states, which no token can be cut from`,
  );
}

/** Throws `OptionError` for options with which this model cannot use proposals. */
export function checkSpeculation(model: ProposingModel, { options }: Speculation): void {
  checkRewinds(model, "generate: speculative");
  if (options.kind === "draft") {
    checkDraftModel(model, options.model, "generate: speculative.model");
    checkRewinds(options.model, "generate: speculative.model");
  }
}
