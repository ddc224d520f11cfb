import type { TokenLogprob } from "../../src/generate/session/row.ts";
import type { ShownToken } from "../shell/tokens/tokens.ts";
import whale from "./runs/whale.json";

type Likely = readonly [token: number, text: string, logprob: number];

/** A run of the bundled model, as `scripts/record/runs.mjs` writes it. */
interface RecordedRun {
  readonly prompt: string;
  readonly given: readonly (readonly [token: number, text: string])[];
  readonly steps: readonly {
    readonly token: number;
    readonly text: string;
    readonly logprob: number;
    readonly rank: number;
    readonly top: readonly Likely[];
  }[];
}

/** A voice of the bundled model: the mark at the beginning of its prompts, and the recorded prompt. */
export interface Voice {
  readonly name: string;
  readonly mark: string;
  readonly words: string;
  /** The run as tokens; all but the first voice's are fetched when chosen. */
  readonly tokens: () => Promise<readonly ShownToken[]>;
}

const likely = ([token, text, logprob]: Likely): TokenLogprob => ({ token, text, logprob });

function tokensOf(run: unknown): readonly ShownToken[] {
  const { given, steps } = run as RecordedRun;
  return [
    ...given.map(([token, alone]) => ({ token, alone, text: alone, generated: false })),
    ...steps.map((step) => ({ ...step, alone: step.text, generated: true, top: step.top.map(likely) })),
  ];
}

/** The recorded run shown first. */
export const first = tokensOf(whale);

const later = (load: () => Promise<{ readonly default: unknown }>) => async () => tokensOf((await load()).default);

export const voices: readonly Voice[] = [
  { name: "Moby Dick", mark: "<|whale|>", words: "The sea was", tokens: async () => first },
  {
    name: "King James Bible",
    mark: "<|scripture|>",
    words: "In the beginning",
    tokens: later(() => import("./runs/scripture.json")),
  },
  {
    name: "State of the Union",
    mark: "<|union|>",
    words: "My fellow citizens, we",
    tokens: later(() => import("./runs/union.json")),
  },
  {
    name: "Jargon File",
    mark: "<|jargon|>",
    words: "hacker: ",
    tokens: later(() => import("./runs/jargon.json")),
  },
];
