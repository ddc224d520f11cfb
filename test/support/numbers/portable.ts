import { requirementsOf, variantsOf } from "../../../src/check/case-table.ts";

/** The variants of an op that run on a device without any feature; the others have separate test files. */
export const portable = <V extends string>(op: {
  readonly variants: Readonly<Record<V, { readonly record: unknown; readonly requires?: readonly string[] }>>;
}): V[] => variantsOf(op).filter((variant) => requirementsOf(op, variant).length === 0);
