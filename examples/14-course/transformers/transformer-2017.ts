import { loadEncoderDecoder } from "shaderformer/encoders";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { argmax, shareOf } from "../training.ts";

const days = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"];
const months = Array.from({ length: 12 }, (_, i) => new Date(2000, i).toLocaleString("en", { month: "long" }));

/** Dates in words, with what is to be written. */
const dates = months.map((month, i) => {
  const [day, year] = [i % days.length, 1807 + 23 * i];
  const two = (number: number) => String(number).padStart(2, "0");
  return {
    text: `${month} the ${days[day]}, ${year}`,
    day: days[day] ?? "",
    written: `${year}-${two(i + 1)}-${two(day + 1)}`,
  };
});

/** Translates dates in words with the Transformer of 2017, and shows which word each character comes from. */
export const run: Run<SettingsOf<"transformer-2017">> = async function* (gpu, { text, layer }, { models }) {
  using model = await loadEncoderDecoder(gpu, `${models}/dates`);
  const names = (ids: readonly number[]) =>
    ids.map((id) => model.tokenizer.decode([id], { skipSpecialTokens: false }).trim());
  const align = async (given: string) => {
    const [result] = (await model.generate([given])).results;
    if (!result) throw new RangeError(`“${given}” has no words that the model knows: choose a date in words`);
    return { result, cross: await model.crossAttention(given, result.ids, layer > 0 ? { layer: layer - 1 } : {}) };
  };
  const { result, cross } = await align(text);
  const values = cross.weights.map((row) => [...row]);
  const title = `“${result.text}”, and the words that each character attends to`;
  yield { kind: "grid", title, rows: names(cross.targetIds), columns: names(cross.sourceIds), values };
  const rows: (readonly string[])[] = [];
  const found: { right: boolean; looks: boolean }[] = [];
  for (const { text: date, day, written } of dates) {
    const { result: said, cross: aligned } = await align(date);
    const source = names(aligned.sourceIds);
    // The last digit of the day, the last but one token before the end.
    const word = source[argmax(aligned.weights[9] ?? [])] ?? "";
    found.push({ right: said.text === written, looks: word === day });
    rows.push([date, said.text, word]);
    yield {
      kind: "table",
      title: "Twelve dates",
      head: ["in words", "written", "the last digit attends most to"],
      rows,
    };
  }
  return {
    "written right": shareOf(found, ({ right }) => right),
    "last digits that attend to the day": shareOf(found, ({ looks }) => looks),
  };
};
