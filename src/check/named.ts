/** One value for each tensor of an op, by name; a name that ends in `?` is optional. */
export type Named<Names extends string, T> = {
  readonly [N in Names as N extends `${string}?` ? never : N]: T;
} & { readonly [N in Names as N extends `${infer Name}?` ? Name : never]?: T };

/** The names of tensors, without the `?` of optional ones. */
export type Bare<Names extends string> = Names extends `${infer Name}?` ? Name : Names;

/** Applies `change` to each value, under the same names. */
export function mapNamed<Names extends string, T, U>(named: Named<Names, T>, change: (one: T) => U): Named<Names, U> {
  const entries = Object.entries<T>(named).map(([name, one]) => [name, change(one)]);
  return Object.fromEntries(entries) as Named<Names, U>;
}
