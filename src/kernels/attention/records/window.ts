// The window of keys along one axis, as shaders/lib/numbers/window.wgsl has it.
import { ShapeError } from "../../../tensor/shape.ts";
import type { KeyRange } from "./mod.ts";
import { choice, type Numbers, optionalCount } from "./parameters.ts";

/** What all neighbourhoods of NATTEN may be given. */
export const windowParameters = {
  stride: optionalCount(4),
  dilation: optionalCount(2),
  form: choice("centred", "causal"),
} as const;

/** The values of these parameters. */
interface WindowForm {
  readonly stride?: number;
  readonly dilation?: number;
  readonly form?: "centred" | "causal";
}

/** An axis of `length` positions, of which a query sees `keys`. */
export interface Window {
  readonly length: number;
  readonly keys: number;
  readonly stride: number;
  readonly dilation: number;
  readonly causal: boolean;
}

/** The window with the defaults of the parameters: stride and dilation 1, centred. */
export const windowOf = (length: number, keys: number, given: WindowForm = {}): Window => ({
  length,
  keys,
  stride: given.stride ?? 1,
  dilation: given.dilation ?? 1,
  causal: given.form === "causal",
});

/** The fields of a uniform for the parameters that all neighbourhoods have. */
export const windowFields = ({ stride = 1, dilation = 1, form }: WindowForm): Numbers => ({
  stride,
  dilation,
  causal: form === "causal" ? 1 : 0,
});

/** Throws `ShapeError` for a stride longer than a window: a query would not be in its own. */
export function checkStride(keys: number, { stride = 1 }: WindowForm): void {
  if (stride <= keys) return;
  throw new ShapeError(`attention: a stride of ${stride}, expected at most the ${keys} keys of a window`);
}

/** The half-open window of a place of an axis with this length, without dilation. */
function windowAt({ keys, stride, causal }: Window, length: number, place: number): KeyRange {
  const group = Math.floor(place / stride) * stride;
  const seen = Math.min(keys, length);
  if (causal) return [Math.max(0, Math.min(group + stride, length) - seen), place + 1];
  const middle = Math.min(group + Math.floor(stride / 2), length - 1);
  const begin = Math.min(Math.max(0, middle - Math.floor(seen / 2)), length - seen);
  return [begin, begin + seen];
}

/** A range of positions that holds all that positions `first` to `last` see; the smallest without dilation. */
export function windowRange(window: Window, first: number, last: number): KeyRange {
  const { length, dilation, causal } = window;
  const [shortest, longest] = [Math.max(Math.floor(length / dilation), 1), Math.ceil(length / dilation)];
  const [begin] = windowAt(window, shortest, Math.floor(first / dilation));
  const [, end] = windowAt(window, longest, Math.floor(last / dilation));
  return [begin * dilation, Math.min(end * dilation, causal ? last + 1 : length)];
}

/** The positions that the one at `query` sees. */
export function windowPlaces(window: Window, query: number): number[] {
  const { dilation } = window;
  const [residue, [first, last]] = ownWindow(window, query);
  return Array.from({ length: last - first }, (_, i) => residue + (first + i) * dilation);
}

/** The number of positions before `end` that the one at `query` sees. */
export function windowCount(window: Window, query: number, end: number): number {
  const [residue, [first, last]] = ownWindow(window, query);
  return Math.max(0, Math.min(last, Math.ceil((end - residue) / window.dilation)) - first);
}

/** The residue class of a position, and its window in that. */
function ownWindow(window: Window, query: number): readonly [residue: number, range: KeyRange] {
  const residue = query % window.dilation;
  const length = Math.ceil((window.length - residue) / window.dilation);
  return [residue, windowAt(window, length, Math.floor(query / window.dilation))];
}
