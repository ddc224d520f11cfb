// Functions of masks and scores, each made once for an object as long as its content stays the same.

/** Values by object and content. */
export interface Made<V> {
  /** The value that was made for an object; undefined if none was, or if the object has changed since. */
  get(given: object): V | undefined;
  set(given: object, value: V): void;
}

/** Keeps a value for each object, with a copy of what the object held, because objects can be changed. */
export function madeByContent<V>(): Made<V> {
  const kept = new WeakMap<object, { readonly copy: unknown; readonly value: V }>();
  return {
    get(given) {
      const known = kept.get(given);
      return known && isSame(known.copy, given) ? known.value : undefined;
    },
    set(given, value) {
      kept.set(given, { copy: copyOf(given), value });
    },
  };
}

type Plain = Readonly<Record<string, unknown>>;

/** A list, or an object without a class: tensors and functions are the same as long as they are the same object. */
function isPlain(value: unknown): value is Plain {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}

function copyOf(value: unknown): unknown {
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, copyOf(entry)]));
}

function isSame(copy: unknown, value: unknown): boolean {
  if (!isPlain(value) || !isPlain(copy)) return Object.is(copy, value);
  let count = 0;
  for (const name in value) {
    if (!isSame(copy[name], value[name])) return false;
    count++;
  }
  return count === Object.keys(copy).length;
}
