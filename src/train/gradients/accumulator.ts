import type { Gpu } from "../../gpu/gpu.ts";
import type { Storage } from "../../gpu/storage.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { fill } from "../../kernels/elementwise/fill.ts";
import { contiguous } from "../../kernels/layout/contiguous.ts";
import { isContiguous, sizeOf } from "../../tensor/shape.ts";
import { empty, Tensor } from "../../tensor/tensor.ts";
import { reshape, transpose } from "../../tensor/views.ts";
import { isFromStart, meet, type Region } from "./regions.ts";
import type { Destination } from "./rule.ts";
import type { Piece } from "./trace.ts";
import { writeInto } from "./write-into.ts";

/** What is known about a storage before its gradient is computed. */
export interface Expected {
  readonly elements: number;
  /** The views by which calls will contribute. */
  readonly regions: readonly Region[];
}

/** Alignment of kernel results in elements: 256 bytes. */
const aligned = 64;

/** The gradient of one storage so far. */
interface Cell {
  /** One number for each element of the storage, f32. */
  readonly values: Tensor;
  /** True if the memory was allocated for gradients; it may be written in place while no other storage shares it. */
  readonly owned: boolean;
  /** The written regions; undefined if all elements are written. */
  readonly written?: readonly Region[];
}

/**
 * Gradients by storage: of n elements, one f32 gradient of n elements. A view's gradient is the same view of it, so
 * split heads, slices, packed projections and reshapes need no rule. The first contribution is kept as it is, or
 * written into its region; later ones are added, in order of arrival.
 */
export class Accumulator {
  readonly #gpu: Gpu;
  readonly #cells = new Map<Storage, Cell>();
  /** How many storages share the same memory for their gradients. */
  readonly #holders = new Map<Storage, number>();
  readonly #expected: ReadonlyMap<Storage, Expected>;

  constructor(gpu: Gpu, expected: ReadonlyMap<Storage, Expected>) {
    this.#gpu = gpu;
    this.#expected = expected;
  }

  /** The gradient of a view, in its shape; undefined without contributions. */
  of({ storage, region }: Piece): Tensor | undefined {
    const cell = this.#cells.get(storage);
    if (!cell) return undefined;
    const { values } = this.#complete(storage, cell);
    return viewOf(values, region);
  }

  /**
   * Memory for the gradient of a view, to write or add to in place, followed by `settle`. Undefined if that is
   * impossible, and for a whole storage without a gradient: the first contribution is then kept itself.
   */
  destination({ storage, region }: Piece): Destination | undefined {
    const begins = region.offset % aligned === 0 && isContiguous(region.shape, region.strides);
    const before = this.#cells.get(storage);
    if (!begins || (!before && sizeOf(region.shape) === this.#elements(storage))) return undefined;
    const cell = before ?? this.#begin(storage);
    if (!before) this.#hold(storage, cell);
    const y = viewOf(cell.values, region);
    if (!this.#isOwn(cell) || y.offset % aligned !== 0) return undefined;
    return { y, accumulate: !isNewIn(cell, region) };
  }

  /** Marks that a destination has its gradient. */
  settle({ storage, region }: Piece): void {
    const cell = this.#cells.get(storage);
    if (cell && isNewIn(cell, region)) this.#cells.set(storage, withWritten(cell, region));
  }

  /** Adds a gradient, f32 in the shape of the view; `fresh` are the storages that were written only for it. */
  add({ storage, region }: Piece, gradient: Tensor, fresh: ReadonlySet<Storage> = new Set()): void {
    const cell = this.#cells.get(storage);
    const inOrder = ordered(region, gradient);
    const whole = isFromStart(inOrder.region) && sizeOf(region.shape) === this.#elements(storage);
    if (!whole) this.#hold(storage, this.#into(storage, cell, region, gradient));
    else if (cell) this.#hold(storage, this.#sum(storage, cell, inOrder.gradient));
    else this.#hold(storage, this.#adopt(inOrder.gradient, fresh));
  }

  #hold(storage: Storage, cell: Cell): void {
    const memory = cell.values.storage;
    const isNew = this.#cells.get(storage)?.values.storage !== memory;
    if (isNew) this.#holders.set(memory, (this.#holders.get(memory) ?? 0) + 1);
    this.#cells.set(storage, cell);
  }

  #isOwn({ owned, values }: Cell): boolean {
    return owned && this.#holders.get(values.storage) === 1;
  }

  #elements(storage: Storage): number {
    return this.#expected.get(storage)?.elements ?? 0;
  }

  /** The first gradient of a whole storage is kept as its elements in order; another storage may share it. */
  #adopt(gradient: Tensor, fresh: ReadonlySet<Storage>): Cell {
    const values = gradient.contiguous && gradient.offset === 0 ? gradient : contiguous(this.#gpu, { x: gradient }).y;
    return { values: reshape(values, [values.size]), owned: values !== gradient || fresh.has(values.storage) };
  }

  #sum(storage: Storage, cell: Cell, gradient: Tensor): Cell {
    const before = this.#complete(storage, cell).values;
    const other = gradient.contiguous ? gradient : contiguous(this.#gpu, { x: gradient }).y;
    const { y } = add(this.#gpu, { a: before, b: reshape(other, [other.size]) });
    return { values: y, owned: true };
  }

  #into(storage: Storage, cell: Cell | undefined, region: Region, gradient: Tensor): Cell {
    const gpu = this.#gpu;
    const into = cell ? this.#ownedCopy(cell) : this.#begin(storage);
    const isNew = isNewIn(into, region);
    const view = viewOf(into.values, region);
    const values = isNew ? gradient : add(gpu, { a: view, b: gradient }).y;
    writeInto(gpu, values, view);
    return isNew ? withWritten(into, region) : into;
  }

  /** Memory for the gradient of a storage of which calls read regions: zeros, unless these cover it without overlap. */
  #begin(storage: Storage): Cell {
    const { elements, regions } = this.#expected.get(storage) ?? { elements: 0, regions: [] };
    const apart = regions.every((one, i) => regions.slice(i + 1).every((other) => !meet(one, other)));
    const covered = regions.reduce((sum, { shape }) => sum + sizeOf(shape), 0) === elements;
    if (apart && covered) {
      return { values: empty(this.#gpu, [elements], "f32", `d ${storage.label}`), owned: true, written: [] };
    }
    return { values: fill(this.#gpu, [elements], 0), owned: true };
  }

  #ownedCopy(cell: Cell): Cell {
    if (this.#isOwn(cell)) return cell;
    return { values: contiguous(this.#gpu, { x: cell.values }).y, owned: true };
  }

  /** A cell with all elements written: regions without a gradient become zero. */
  #complete(storage: Storage, cell: Cell): Cell {
    if (!cell.written) return cell;
    const regions = this.#expected.get(storage)?.regions ?? [];
    const missing = regions.filter((region) => !cell.written?.some((other) => meet(other, region))); // disjoint
    for (const region of missing) writeInto(this.#gpu, fill(this.#gpu, region.shape, 0), viewOf(cell.values, region));
    const { written: _, ...whole } = cell;
    this.#cells.set(storage, whole);
    return whole;
  }
}

/** Whether a region of a gradient is still unwritten. */
const isNewIn = ({ written }: Cell, region: Region): boolean =>
  written?.every((other) => !meet(other, region)) ?? false;

const withWritten = (cell: Cell, region: Region): Cell => ({ ...cell, written: [...(cell.written ?? []), region] });

/** A view with its axes in memory order, and its gradient likewise. */
function ordered(region: Region, gradient: Tensor): { readonly region: Region; readonly gradient: Tensor } {
  const { shape, strides, offset } = region;
  const stride = (axis: number) => ((shape[axis] ?? 1) > 1 ? (strides[axis] ?? 0) : Number.POSITIVE_INFINITY);
  const order = shape.map((_, axis) => axis).sort((a, b) => (stride(a) === stride(b) ? a - b : stride(b) - stride(a)));
  const pick = (list: readonly number[]) => order.map((axis) => list[axis] ?? 0);
  return { region: { shape: pick(shape), strides: pick(strides), offset }, gradient: transpose(gradient, order) };
}

/** The same view of other memory. */
function viewOf(values: Tensor, { shape, strides, offset }: Region): Tensor {
  const segment = { storage: values.storage, begin: 0, end: shape[0] ?? 1 };
  return new Tensor(values.gpu, shape, "f32", [segment], strides, offset + values.offset);
}
