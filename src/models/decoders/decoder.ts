import type { Place } from "../../blocks/attention.ts";
import type { KvCache } from "../../blocks/kv-cache/cache.ts";
import { isStep, linear, project } from "../../blocks/linear.ts";
import { addNorm, type Residual, summed } from "../../blocks/norm.ts";
import type { States } from "../../blocks/state/cache.ts";
import { maskedBlock } from "../../blocks/transformer-block.ts";
import { GpuError } from "../../gpu/errors.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { AttentionMask } from "../../kernels/attention/attention.ts";
import type { WeightDropout } from "../../kernels/attention/records/mod.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { softcap } from "../../kernels/elementwise/softcap.ts";
import { gather, gatherPositions, gatherStep } from "../../kernels/embedding/gather.ts";
import { contiguous } from "../../kernels/layout/contiguous.ts";
import { type RopeFrequencies, ropeTable } from "../../kernels/rope/table.ts";
import { type Tensor, upload } from "../../tensor/tensor.ts";
import { reshape, slice } from "../../tensor/views.ts";
import type { DecoderWeights } from "../weights/weights.ts";
import type { DecoderConfig } from "./config.ts";

/** A decoder-only transformer on the GPU: its settings and weights. */
export interface Decoder {
  readonly gpu: Gpu;
  readonly config: DecoderConfig;
  readonly weights: DecoderWeights;
}

/** The inputs of a run of the decoder. */
export interface ForwardInputs {
  /** Token ids `[b, t]`; unset: each row's last sampled token, from the step. */
  readonly ids?: Tensor;
  readonly batch: number;
  /** Unset: tokens attend over one another, from position 0 on, and nothing is kept (training). */
  readonly cache?: KvCache | undefined;
  /** What layers with a state carry on, of as many as there are; unset: they begin anew, and nothing is kept. */
  readonly states?: States | undefined;
  readonly ropeTables?: RopeTables | undefined;
  readonly place: Place;
  /** Maximum number of cached tokens visible. */
  readonly visible: number;
  /** The mask of a layer, by its window; unset: causal. */
  readonly mask?: ((window: number | undefined) => AttentionMask) | undefined;
  /** The learned positions `[b, t, c]` of the tokens, from their table; unset: those of `place`. */
  readonly positions?: ((table: Tensor) => Tensor) | undefined;
  /** Called with the residual stream after each layer. */
  readonly watch?: ((layer: number, stream: Residual) => void) | undefined;
  /** Applied to what embeddings (site 0) and layers add to the residual stream, each with its own site number. */
  readonly dropout?: ((x: Tensor, site: number) => Tensor) | undefined;
  /** Dropout of the weights of a layer's attention. */
  readonly weightDropout?: ((layer: number) => WeightDropout) | undefined;
  /** Runs each layer and returns its result; training records it again for its gradients. */
  readonly around?: ((layer: () => Residual) => Residual) | undefined;
}

/** Cosines and sines of a model's rotary positions. */
export interface RopeTables {
  readonly all: Tensor;
  /** For layers with a window, if they rotate by other frequencies. */
  readonly local?: Tensor | undefined;
}

/** The tables of cosines and sines for sequences up to `positions`; undefined without rotary positions. */
export function createRopeTables({ gpu, config }: Decoder, positions: number): RopeTables | undefined {
  if (config.positions.kind !== "rope") return undefined;
  const { width, local } = config.positions;
  const table = ({ theta, scaling }: Pick<RopeFrequencies, "theta" | "scaling">) =>
    upload(gpu, [positions, width / 2, 2], "f32", ropeTable({ theta, width, scaling, positions }), "rope table");
  return { all: table(config.positions), local: local && table(local) };
}

/** The embeddings of the tokens `[b, t, c]`, with their positions if these are learned. */
function embed({ gpu, config, weights }: Decoder, { ids, batch, place, positions }: ForwardInputs): Tensor {
  const t = ids?.shape[1] ?? 1;
  let x: Tensor;
  const [table, scale] = [weights.embedding, config.embeddingScale];
  if (ids) x = gather(gpu, { ids: reshape(ids, [batch * t]), table }, { scale }).y;
  else if ("step" in place) x = gatherStep(gpu, { step: place.step, table }, { rows: batch, scale }).y;
  else throw new TypeError("a run needs token ids or a step");
  if (weights.positions && "step" in place) {
    const table = weights.positions;
    x = add(gpu, { a: x, b: gatherPositions(gpu, { step: place.step, table }, { rows: batch, tokens: t }).y }).y;
  }
  x = reshape(x, [batch, t, config.width]);
  if (weights.positions && "start" in place) {
    const own = positions?.(weights.positions) ?? slice(weights.positions, 0, place.start, place.start + t);
    x = add(gpu, { a: x, b: own }).y;
  }
  gpu.tap("embedding", x);
  return x;
}

/** The residual stream `[b, t, c]` after all blocks, before the final norm. */
export function forward(decoder: Decoder, inputs: ForwardInputs): Residual {
  const { gpu, config, weights } = decoder;
  const { place, ropeTables, dropout, around = (layer) => layer() } = inputs;
  const x = gpu.within("embedding", () => {
    const embedded = embed(decoder, inputs);
    return dropout ? dropout(embedded, 0) : embedded;
  });
  let stream: Residual = { sum: x };
  const counts = { attention: 0, state: 0 };
  weights.blocks.forEach((block, layer) => {
    const cache = block.attention && inputs.cache?.[counts.attention++];
    const state = block.state && inputs.states?.[counts.state++];
    if (block.attention && inputs.cache && !cache) {
      throw new TypeError(`the cache has ${inputs.cache.length} layers, and layer ${layer} of the model attends, too`);
    }
    if (block.state && inputs.cache && !state) throw new TypeError(`layer ${layer} has no state to go on from`);
    const [scale, window] = [config.scales?.[layer], config.windows[layer]];
    const ropeTable = window === undefined ? ropeTables?.all : (ropeTables?.local ?? ropeTables?.all);
    const rotated = config.positions.kind === "rope" && !config.unrotated?.includes(layer);
    const given = stream;
    const run = () =>
      maskedBlock(
        gpu,
        `layer.${layer}`,
        given,
        {
          cache,
          state,
          ropeTable: rotated ? ropeTable : undefined,
          place,
          visible: inputs.visible,
          mask: inputs.mask?.(window),
          dropout: dropout && ((x, part) => dropout(x, 1 + 2 * layer + part)),
          weightDropout: inputs.weightDropout?.(layer),
        },
        block,
        {
          heads: config.heads,
          kvHeads: config.kvHeads,
          headWidth: config.headWidth,
          window,
          activation: config.activation,
          norms: config.norms,
          gated: config.gatedAttention,
          ...(config.mixture ? { mixture: { rule: config.mixture.rule, activation: config.mixture.activation } } : {}),
          ...(scale === undefined ? {} : { scale }),
          ...(config.scoreCap === undefined ? {} : { cap: config.scoreCap }),
          ...(rotated && config.positions.kind === "rope" ? { ropeLayout: config.positions.layout } : {}),
        },
      );
    stream = around(run);
    inputs.watch?.(layer, stream);
  });
  return stream;
}

/** Throws `GpuError` for a layer whose router had NaN logits since the last call. */
export async function assertRouted({ gpu, config, weights: { faults } }: Decoder): Promise<void> {
  if (!faults) return;
  const layer = (await faults.read()).indexOf(1);
  if (layer < 0) return;
  await gpu.write(faults.storage, 0, new Uint8Array(4 * faults.size));
  throw new GpuError(`${config.architecture}: layer ${layer}: the logits of its router are NaN: ${whereToLook}`);
}

/** Names the op at fault: everything computed after it is not finite either. */
const whereToLook = "the first result that is not finite is this layer's or an earlier one's; inspect --probe names it";

/** The error for logits that are NaN or infinite, or for those of a router that met NaN. */
export async function notFiniteError(decoder: Decoder, what: string): Promise<Error> {
  await assertRouted(decoder);
  const { architecture } = decoder.config;
  return new GpuError(
    `${architecture}: ${what} are not finite; shaderformer inspect --probe names the first layer and op whose result is not`,
  );
}

/** The residual stream after the last norm, if there is one: of every position, or of the last one of each row. */
export function normedStates({ gpu, weights }: Decoder, stream: Residual, which: "all" | "last"): Tensor {
  const t = stream.sum.shape[1] ?? 1;
  const last = (x: Tensor) => (which === "last" && t > 1 ? contiguous(gpu, { x: slice(x, 1, t - 1, t) }).y : x);
  return gpu.within("head", () => {
    const sum = last(stream.sum);
    const ends: Residual = stream.update ? { sum, update: last(stream.update) } : { sum };
    const y = weights.norm ? addNorm(gpu, ends, weights.norm).y : summed(gpu, ends);
    gpu.tap("norm", y);
    return y;
  });
}

/** Logits `[b, t, v]` of every position, or `[b, 1, v]` of the last one of each row. */
export function logits(decoder: Decoder, stream: Residual, which: "all" | "last"): Tensor {
  const { gpu, config, weights } = decoder;
  const made = (x: Tensor) => {
    const result = config.logitCap === undefined ? x : softcap(gpu, { x }, { cap: config.logitCap }).y;
    gpu.tap("logits", result);
    return result;
  };
  const { norm } = weights;
  const few = which === "last" ? stream.sum.shape[1] === 1 : true;
  if (few && !stream.update && norm?.kind === "rms" && isStep(stream) && !gpu.isTapped("norm")) {
    return gpu.within("head", () => made(project(gpu, stream.sum, weights.head, { norm })));
  }
  const states = normedStates(decoder, stream, which);
  return gpu.within("head", () => made(linear(gpu, states, weights.head)));
}
