import type { Tensor } from "../../../../src/tensor/tensor.ts";
import type { Objective } from "../../../../src/train/objectives/objective.ts";
import { idsOf } from "../../setup/folder.ts";
import type { Example, Examples } from "../../tasks/task.ts";
import type { Sample } from "../history.ts";
import { logitsOf, type Run, type Submits, whole } from "../running.ts";
import { argmax } from "./scoring.ts";

/** Examples whose answers are shown, unless the task sets a number: fewer for texts, which are longer. */
const usual = { exact: 8, next: 2 } as const;
/** Maximum tokens decoded of a text: each is a run of the model. */
const maxDecoded = 24;

/** How answers are decoded. */
export interface Decoding<B> {
  /** A batch with the answers so far, in a fixed shape. */
  readonly batchOf: (prompts: readonly (readonly number[])[], said: readonly (readonly number[])[]) => B;
  /** The row of the logits for the next token of an example after so many generated tokens. */
  readonly rowOf: (example: number, said: number) => number;
  readonly classes: number;
  /** How many classes, from the first on, may be generated; unset: all. */
  readonly sayable?: number;
}

/** The generated answers. */
export interface Said {
  readonly samples: readonly Sample[];
  /** The model's prompt, and its answer, a text for each token. */
  readonly prompt: readonly string[];
  readonly answer: readonly string[];
  /** The last run, in which all but the last token were inputs. */
  readonly run: Run<Tensor>;
}

/** Decodes answers freely. */
export interface Saying {
  readonly said: () => Promise<Said>;
  dispose(): void;
}

/** Number of held-out examples shown. */
export const shownOf = ({ scored, shown = usual[scored] }: Examples, heldOut: readonly Example[]) =>
  heldOut.slice(0, shown);

/** Tokens decoded of an answer. */
export const decodedLength = ({ scored, answerLength }: Examples): number =>
  scored === "exact" ? answerLength : Math.min(answerLength, maxDecoded);

/** Prepares to decode answers: the model runs once per token, always over the same length. */
export function sayingOf<B>(
  objective: Objective<B>,
  examples: Examples,
  shown: readonly Example[],
  { batchOf, rowOf, classes, sayable = classes }: Decoding<B>,
  submits: Submits,
  taps?: (name: string) => boolean,
): Saying {
  const { alphabet, end, readable } = examples;
  const known = idsOf(alphabet);
  const characters = [...alphabet];
  const running = logitsOf(objective, submits, taps);
  /** The text before an answer's end mark. */
  const upToEnd = (text: string) => (end === undefined ? text : (text.split(end)[0] ?? ""));
  /** The same without the space after its last word. */
  const shownAs = (text: string) => (end === undefined ? readable(text) : readable(upToEnd(text)).trimEnd());
  return {
    said: async () => {
      const prompts = shown.map(({ prompt }) => Array.from(prompt, (character) => known.get(character) ?? 0));
      const said: number[][] = shown.map(() => []);
      let run: Run<Tensor> | undefined;
      for (let i = 0; i < decodedLength(examples); i++) {
        run = await running.run(batchOf(prompts, said));
        const values = await run.result(whole);
        for (const [example, row] of said.entries()) {
          const begin = rowOf(example, i) * classes;
          row.push(argmax(values, begin, begin + sayable));
        }
      }
      if (!run) throw new Error("an answer of no tokens");
      const given = said.map((row) => upToEnd(row.map((id) => characters[id] ?? "").join("")));
      const samples = shown.map((example, r) => ({
        ...example,
        prompt: readable(example.prompt),
        answer: shownAs(example.answer),
        given: shownAs(given[r] ?? ""),
      }));
      const read = (text: string) => Array.from(text, (character) => readable(character));
      return { samples, prompt: read(shown[0]?.prompt ?? ""), answer: read(given[0] ?? ""), run };
    },
    dispose: () => running.dispose(),
  };
}
