import { attentionWork } from "../attention/work.ts";
import { noSpeed, type Work } from "../harness/speed.ts";
import { blockWork } from "./block.ts";
import { encoderWork } from "./encoder.ts";
import { generateWork, textModel } from "./generate.ts";
import type { Problem } from "./problems.ts";
import type { EngineReport, PeerRow } from "./result.ts";
import { t5Work } from "./t5.ts";
import { trainWork } from "./train/train.ts";

/** Operations and bytes of a problem, the same for every engine. */
export function workOf(problem: Problem): Work {
  if (problem.op === "attention") {
    const { flops, bytes } = attentionWork(problem.given);
    return { flops: flops ?? 0, bytes: bytes ?? 0, dtype: "f32" };
  }
  if (problem.op === "generate") return generateWork(problem);
  if (problem.op === "encoder") return encoderWork(problem);
  if (problem.op === "t5") return t5Work(problem);
  if (problem.op === "train") return trainWork(problem);
  if (problem.op === "block") return { ...blockWork(problem), dtype: "f32" };
  if (problem.op !== "matmul") {
    const { op, rows, cols } = problem;
    const perElement = { softmax: 5, "layer-norm": 8, "rms-norm": 4 }[op];
    const vectors = { softmax: 0, "layer-norm": 2, "rms-norm": 1 }[op];
    return { flops: perElement * rows * cols, bytes: 4 * (2 * rows + vectors) * cols, dtype: "f32" };
  }
  const { m, k, n } = problem;
  return { flops: 2 * m * k * n, bytes: 4 * (m * k + k * n + m * n), dtype: "f32" };
}

function modelOf(problem: Problem): string | null {
  const { op } = problem;
  if (op === "block") return "GPT-2 small";
  if (op === "train") return problem.batch === undefined ? "a block of GPT-2 small" : textModel.name;
  if (op === "encoder") return "MiniLM-L6's shape";
  if (op === "t5") return "T5-small's shape";
  return op === "generate" ? textModel.name : null;
}

/** A row of a problem and an engine, with only the measurements in `known`. */
export function rowOf(
  problem: Problem,
  engine: Pick<EngineReport, "name" | "version">,
  known: Pick<PeerRow, "verdict" | "reason"> & Partial<PeerRow>,
): PeerRow {
  const { flops, bytes, dtype } = workOf(problem);
  const attention = problem.op === "attention" ? problem : undefined;
  const work = attention && attentionWork(attention.given);
  const size = problem.text.replace(`${problem.op}:`, "");
  const batch = attention ? attention.given.batch.text : problem.op === "generate" ? `${size} tokens` : size;
  const words = {
    op: problem.op,
    variant: known.variant ?? "",
    mask: attention ? attention.given.mask.text : null,
    score: attention ? attention.given.score.text : null,
    batch,
    heads: attention ? attention.heads.text : null,
    dtype,
  };
  const { op, ...rest } = words;
  return {
    id: [op, engine.name, ...Object.values(rest)].filter((word) => word !== null).join("/"),
    ...words,
    engine: engine.name,
    engineVersion: engine.version,
    layout: null,
    model: modelOf(problem),
    checked: null,
    errorRatio: null,
    meanErrorRatio: null,
    nmse: null,
    medianMs: null,
    p10Ms: null,
    p90Ms: null,
    repeats: null,
    samples: null,
    clock: null,
    firstRunMs: null,
    dispatches: null,
    livePairs: work?.livePairs ?? null,
    flops,
    flopsFlashAttention: work?.flopsFlashAttention ?? null,
    bytes,
    modelledBytes: null,
    ...noSpeed,
    shareOfFastest: null,
    kvBytesPerToken: work?.kvBytesPerToken ?? null,
    workspaceBytes: null,
    command: `node dist/cli.js bench peers ${problem.text}`,
    ratioToFastestPeer: null,
    ...known,
  };
}
