import { textModel } from "../../bench/peers/generate.ts";
import { standardCases } from "../../bench/peers/problems.ts";
import { type Setup, setupHash } from "../../bench/peers/setup/setup.ts";
import * as state from "./state.ts";

/** The cases and engines to measure. */
export function Choices() {
  const { cases, engines: chosen } = state.setup.value;
  const offered = [...new Set([...standardCases, ...cases])];
  const disabled = state.progress.value !== undefined;
  const all = state.engines.value.map(({ name }) => name);
  const choose = (change: Partial<Setup>) => {
    state.setup.value = { ...state.setup.value, ...change };
    history.replaceState(null, "", setupHash(state.setup.value));
  };
  return (
    <div class="choices">
      <fieldset disabled={disabled}>
        <legend>Cases</legend>
        {offered.map((text) => (
          <label class="choice" key={text}>
            <input
              type="checkbox"
              checked={cases.includes(text)}
              onChange={() => choose({ cases: offered.filter((other) => cases.includes(other) !== (other === text)) })}
            />
            {caseName(text)}
          </label>
        ))}
      </fieldset>
      <fieldset disabled={disabled}>
        <legend>Engines</legend>
        {state.engines.value.map(({ name, summary }) => {
          const is = (other: string) => !chosen || chosen.includes(other);
          return (
            <label class="choice" key={name}>
              <input
                type="checkbox"
                checked={is(name)}
                onChange={() => choose({ engines: all.filter((other) => is(other) !== (other === name)) })}
              />
              <span>
                {name} <span class="small muted">{summary}</span>
              </span>
            </label>
          );
        })}
      </fieldset>
    </div>
  );
}

/** A case as text. */
function caseName(text: string): string {
  const problem = state.problemOf(text);
  if (!problem) return text;
  if (problem.op === "generate") return `a text of ${problem.tokens} tokens, ${textModel.name}`;
  if (problem.op === "encoder") {
    return `vectors of ${problem.lengths.length} texts, ${problem.lengths.reduce((sum, tokens) => sum + tokens, 0)} tokens`;
  }
  if (problem.op === "t5") {
    const { count, tokens, source } = problem;
    return `${count * tokens} tokens after ${count === 1 ? "a source" : `${count} sources`} of ${source}, T5-small's shape`;
  }
  if (problem.op === "train") {
    const { batch, tokens } = problem;
    return batch === undefined
      ? `a training step, a block of GPT-2 small, ${tokens} tokens`
      : `a training step, ${textModel.name}, ${batch} × ${tokens} tokens`;
  }
  if (problem.op === "matmul") return `matmul ${problem.m} × ${problem.k} × ${problem.n}`;
  if (problem.op === "block") {
    const tokens = problem.t === 1 ? `decode, ${problem.s} keys` : `prefill, ${problem.t} tokens`;
    return `a block of GPT-2 small, ${tokens}`;
  }
  if (problem.op !== "attention") return `${problem.op.replace("-", " ")} ${problem.rows} × ${problem.cols}`;
  const { t, s } = problem.group;
  const { h, g, d } = problem.heads;
  const heads = `${h === g ? h : `${h}/${g}`} heads of ${d}`;
  return t === 1 ? `decode, ${s} keys, ${heads}` : `prefill, ${t} tokens, causal, ${heads}`;
}
