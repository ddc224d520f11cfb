/** The variants of a table that run on a device without any feature; the others have test files of their own. */
export const portable = <T extends object>({ subgroups: _, ...variants }: T & { readonly subgroups?: unknown }) =>
  variants;
