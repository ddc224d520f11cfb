import type { Gpu } from "../../gpu/gpu.ts";
import type { Shape } from "../../tensor/shape.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { placeholder, type Tensor, type TensorPair, zeros } from "../../tensor/tensor.ts";
import type { LayerState } from "./parts.ts";

/** Sizes of what a model's layers carry from token to token. */
export interface StateShape {
  /** Layers that have a state. */
  readonly layers: number;
  /** Inputs that a layer's convolution holds, and their channels. */
  readonly convolution: readonly [held: number, channels: number];
  /** Of a layer's recurrence: heads, and the two axes of their states; unset: there is none. */
  readonly recurrence?: readonly [heads: number, d: number, dv: number];
}

/** The states of a model's layers, in the order of those that have one. */
export type States = readonly LayerState[];

/** The tensors of all layers for `rows` sequences; `make` creates each. */
function statesOf(
  { layers, convolution, recurrence }: StateShape,
  rows: number,
  make: (shape: Shape, label: string) => Tensor,
): States {
  return Array.from({ length: layers }, (_, layer) => ({
    convolution: make([rows, ...convolution], `state ${layer} convolution`),
    ...(recurrence ? { recurrence: make([rows, ...recurrence], `state ${layer} recurrence`) } : {}),
  }));
}

/** Bytes of the states of one sequence. */
export const stateBytes = ({ layers, convolution, recurrence }: StateShape): number =>
  4 * layers * (sizeOf(convolution) + (recurrence ? sizeOf(recurrence) : 0));

/** Placeholders for recording; an instance supplies the real ones. */
export const placeholderStates = (gpu: Gpu, shape: StateShape, rows: number): States =>
  statesOf(shape, rows, (axes, label) => placeholder(gpu, axes, "f32", label));

const tensorsIn = (states: States): Tensor[] =>
  states.flatMap(({ convolution, recurrence }) => (recurrence ? [convolution, recurrence] : [convolution]));

/** Pairs of placeholder and real tensors for `replacements`. */
export function statePairs(logical: States, real: States): TensorPair[] {
  const given = tensorsIn(real);
  return tensorsIn(logical).flatMap((tensor, i): TensorPair[] => (given[i] ? [[tensor, given[i]]] : []));
}

/** Copies of the states at earlier positions that a sequence can go back to, for each row. */
interface Checkpoint {
  readonly states: States;
  readonly positions: (number | undefined)[];
}

/** Where checkpoints are kept: before the last chunk of a prompt, and at the last of its end and of every 64 tokens. */
type CheckpointName = "chunk" | "latest";

/** Copies of the states that a cache may have: what it holds, and its checkpoints. */
export const stateCopies = 3;

/** Tokens that a decoding sequence is away from its checkpoint at most. */
export const checkpointTokens = 64;

/**
 * What the layers of growing sequences carry from token to token. A state cannot be cut at a token as keys and values
 * are: the cache knows the position of each, and has copies at two earlier ones, to which it can go back.
 */
export class StateCache {
  readonly shape: StateShape;
  readonly batch: number;
  /** Of all rows, for decode steps. */
  readonly states: States;
  readonly #gpu: Gpu;
  /** Memory of one row, for programs of one sequence of several. */
  #one: States | undefined;
  /** The number of tokens that each row's state has seen; undefined: unknown, after steps that did not count. */
  readonly #positions: (number | undefined)[];
  readonly #checkpoints = new Map<CheckpointName, Checkpoint>();

  constructor(gpu: Gpu, shape: StateShape, batch: number) {
    this.#gpu = gpu;
    this.shape = shape;
    this.batch = batch;
    this.states = this.#make(batch);
    this.#positions = new Array<number>(batch).fill(0);
  }

  #make(rows: number): States {
    return this.#gpu.unscoped(() => statesOf(this.shape, rows, (axes, label) => zeros(this.#gpu, axes, "f32", label)));
  }

  /** Current size in bytes. */
  get bytes(): number {
    const copies = this.batch * (1 + this.#checkpoints.size) + (this.#one ? 1 : 0);
    return copies * stateBytes(this.shape);
  }

  /** The tensors for a program of one row: views of nothing, so that they may be bound anywhere. See `load`. */
  row(): States {
    if (this.batch === 1) return this.states;
    this.#one ??= this.#make(1);
    return this.#one;
  }

  /** Throws `RangeError` unless a row's state has seen exactly the tokens before `position`; 0 begins anew. */
  enter(row: number, position: number): void {
    if (position === 0) this.#clear(row);
    const at = this.#positions[row];
    if (at === position) return;
    throw new RangeError(`the state of row ${row} has seen ${at ?? "an unknown number of"} tokens, not ${position}`);
  }

  /** Encodes the copy of a row into `row()`, before a program of one row; and back, after it. */
  load(encoder: GPUCommandEncoder, row: number): void {
    if (this.#one) this.#copyRow(encoder, { from: this.states, row }, { to: this.#one, row: 0 });
  }

  store(encoder: GPUCommandEncoder, row: number): void {
    if (this.#one) this.#copyRow(encoder, { from: this.#one, row: 0 }, { to: this.states, row });
  }

  /** The number of tokens that a row's state has seen once what is submitted has run; undefined: unknown. */
  moved(row: number, position: number | undefined): void {
    this.#positions[row] = position;
  }

  /** Keeps copies of the states of rows as they are once what is submitted has run. */
  keep(name: CheckpointName, rows: readonly number[]): void {
    const known = rows.filter((row) => this.#positions[row] !== undefined);
    if (known.length === 0) return;
    let checkpoint = this.#checkpoints.get(name);
    if (!checkpoint) {
      checkpoint = { states: this.#make(this.batch), positions: new Array(this.batch).fill(undefined) };
      this.#checkpoints.set(name, checkpoint);
    }
    const { states, positions } = checkpoint;
    this.#submit((encoder) => {
      for (const row of known) this.#copyRow(encoder, { from: this.states, row }, { to: states, row });
    });
    for (const row of known) positions[row] = this.#positions[row];
  }

  /**
   * Prepares a row to go on after its first `position` tokens, as far as there is a state at or before it. Returns the
   * number of tokens that the state has seen, 0 where it begins anew. Later checkpoints are dropped.
   */
  resume(row: number, position: number): number {
    let best: Checkpoint | undefined;
    for (const checkpoint of this.#checkpoints.values()) {
      const at = checkpoint.positions[row];
      if (at === undefined) continue;
      if (at > position) checkpoint.positions[row] = undefined;
      else if (at > (best?.positions[row] ?? 0)) best = checkpoint;
    }
    if (this.#positions[row] === position) return position;
    const at = best?.positions[row];
    if (best === undefined || at === undefined) {
      this.#clear(row);
      return 0;
    }
    const { states } = best;
    this.#submit((encoder) => this.#copyRow(encoder, { from: states, row }, { to: this.states, row }));
    this.#positions[row] = at;
    return at;
  }

  #clear(row: number): void {
    if (this.#positions[row] === 0) return;
    for (const { positions } of this.#checkpoints.values()) positions[row] = undefined;
    this.#submit((encoder) => {
      for (const tensor of tensorsIn(this.states)) {
        const bytes = tensor.bytes / this.batch;
        const { buffer } = tensor.storage;
        if (buffer && bytes > 0) encoder.clearBuffer(buffer, row * bytes, bytes);
      }
    });
    this.#positions[row] = 0;
  }

  #copyRow(
    encoder: GPUCommandEncoder,
    { from, row }: { readonly from: States; readonly row: number },
    { to, row: into }: { readonly to: States; readonly row: number },
  ): void {
    const targets = tensorsIn(to);
    tensorsIn(from).forEach((tensor, i) => {
      const bytes = tensor.bytes / (tensor.shape[0] ?? 1);
      const [source, target] = [tensor.storage.buffer, targets[i]?.storage.buffer];
      if (source && target && bytes > 0) encoder.copyBufferToBuffer(source, row * bytes, target, into * bytes, bytes);
    });
  }

  #submit(encode: (encoder: GPUCommandEncoder) => void): void {
    this.#gpu.submit(encode);
  }

  /** Frees its memory, last made first (see `BufferPool.giveAll`). */
  dispose(): void {
    const all = [this.states, this.#one ?? [], ...[...this.#checkpoints.values()].map(({ states }) => states)];
    for (const tensor of all.flatMap(tensorsIn).reverse()) tensor.dispose();
  }
}
