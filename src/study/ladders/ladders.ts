// All ladders, in reading order.
import type { Ladder } from "./ladder.ts";
import { attentions } from "./records/attention.ts";
import { copies } from "./records/copy.ts";
import { mixtures } from "./records/experts.ts";
import { histograms } from "./records/histogram.ts";
import { linearLayers } from "./records/linear.ts";
import { matrixVector } from "./records/matrix-vector.ts";
import { norms } from "./records/norm.ts";
import { products } from "./records/product.ts";
import { reductions } from "./records/reduction.ts";
import { ropes } from "./records/rope.ts";
import { scans } from "./records/scan.ts";
import { softmaxes } from "./records/softmax.ts";
import { transposes } from "./records/transpose.ts";

/** The ladders, in reading order. No kernel is in two of them. */
export const ladders: readonly Ladder[] = [
  copies,
  transposes,
  reductions,
  scans,
  histograms,
  products,
  linearLayers,
  matrixVector,
  softmaxes,
  norms,
  ropes,
  attentions,
  mixtures,
];
