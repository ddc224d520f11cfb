// How the nets learn: the same number of steps for all, a learning rate for each.
import type { Task } from "./tasks.ts";

/** Learning rate and examples of a step. */
interface Settings {
  /**
   * By task: of those tried on a tenth of the documents to train on the one with the best mean, in search.json. Unset:
   * word models give a text one label.
   */
  readonly rates: Readonly<Partial<Record<Task["name"], number>>>;
  readonly batch: number;
}

/** The nets; word models, whose steps take milliseconds, see each example four times as often. */
export const settings = {
  "pre-trained": { rates: { voice: 1e-3, capitals: 1e-3, follows: 1e-3 }, batch: 8 },
  fresh: { rates: { voice: 3e-4, capitals: 1e-3, follows: 1e-3 }, batch: 8 },
  "bag of words": { rates: { voice: 0.01, follows: 0.01 }, batch: 32 },
  "word vectors": { rates: { voice: 0.1, follows: 0.01 }, batch: 32 },
} as const satisfies Readonly<Record<string, Settings>>;

/** The name of a net. */
export type Net = keyof typeof settings;

/** The rate of a net in a task, if it does the task. */
export const rateOf = (net: Net, task: Task): number | undefined => {
  const { rates }: Settings = settings[net];
  return rates[task.name];
};

/** Steps on so many examples: 40 on 20, and 2.5 times as many on 10 times as many. */
export const stepsFor = (size: number): number => Math.round(40 * (size / 20) ** Math.log10(2.5));
