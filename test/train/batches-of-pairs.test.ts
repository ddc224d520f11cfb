import { expect, test } from "vitest";
import { checkLabelBatch, type LabelBatch, labelsIn } from "../../src/train/objectives/label-batch.ts";
import { checkPairBatch, type PairBatch, pairTargetsIn } from "../../src/train/objectives/pair-batch.ts";

const pairs: PairBatch = {
  sources: [[1, 2, 3], [4]],
  ids: [
    [9, 1],
    [9, 4],
  ],
  targets: [
    [1, -100],
    [4, 0],
  ],
};
const fitted = { vocabulary: 10, sourceVocabulary: 5, context: 2, sourceContext: 3 };

test("pairs have sources of any lengths, and as many targets as decoder inputs", () => {
  expect(() => checkPairBatch("batch", pairs, fitted)).not.toThrow();
  expect(() =>
    checkPairBatch("batch", { ...pairs, sources: [Array(99).fill(9), [0]] }, { vocabulary: 10 }),
  ).not.toThrow();
  expect(pairTargetsIn(pairs)).toBe(3);
  const wrong = (changed: object) => () => checkPairBatch("batch", { ...pairs, ...changed }, fitted);
  expect(wrong({ sources: undefined })).toThrow("train: batch.sources is missing");
  expect(wrong({ sources: [[1], []] })).toThrow("train: sources[1] has no tokens");
  expect(wrong({ sources: [[1]] })).toThrow("train: the batch has 2 rows of ids and 1 of sources");
  expect(wrong({ sources: [[1], [1, 5]] })).toThrow("train: sources[1][1] is 5, expected a token below 5");
  expect(wrong({ sources: [[1, 1, 1, 1], [1]] })).toThrow(
    "sources[0] has 4 tokens, expected at most 3, the model's context",
  );
  expect(wrong({ ids: [[9, 1], [9]] })).toThrow("train: ids[1] has 1 tokens, expected 2 (from ids[0])");
  expect(
    wrong({
      ids: [
        [9, -100],
        [9, 1],
      ],
    }),
  ).toThrow("train: ids[0][1] is -100, expected a token below 10");
  expect(wrong({ targets: [[1, 2], [1]] })).toThrow("train: targets[1] has 1 tokens, expected 2 (from ids[0])");
  expect(
    wrong({
      targets: [
        [1, 2],
        [1, 10],
      ],
    }),
  ).toThrow("train: targets[1][1] is 10, expected a token below 10 or -100");
  expect(wrong({ sources: [], ids: [], targets: [] })).toThrow("train: the batch has no rows");
  expect(wrong({ target: [[1]] })).toThrow("train: there is no option batch.target; did you mean targets?");
});

test("texts have a label each", () => {
  const batch: LabelBatch = { ids: [[1, 2], [3]], labels: [0, -100] };
  const check = (changed: object) => () =>
    checkLabelBatch("batch", { ...batch, ...changed }, { vocabulary: 4, labels: 2, context: 2 });
  expect(check({})).not.toThrow();
  expect(labelsIn(batch)).toBe(1);
  expect(check({ labels: [0, 2] })).toThrow("train: labels[1] is 2, expected a label below 2 or -100");
  expect(check({ labels: [0] })).toThrow("train: the batch has 2 rows of ids and 1 labels");
  expect(check({ ids: [[1], []] })).toThrow("train: ids[1] has no tokens");
  expect(check({ ids: [[1], [4]] })).toThrow("train: ids[1][0] is 4, expected a token below 4");
  expect(check({ ids: [[1, 1, 1], [2]] })).toThrow("train: ids[0] has 3 tokens, expected at most 2");
  expect(check({ labels: [[0], 1] })).toThrow("batch.labels");
  expect(check({ ids: [], labels: [] })).toThrow("train: the batch has no rows");
});
