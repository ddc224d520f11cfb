/** The variants of a table that run on a device without any feature; the others have test files of their own. */
export const portable = <T extends object>({
  subgroups: _,
  splitSubgroups: __,
  ...variants
}: T & { readonly subgroups?: unknown; readonly splitSubgroups?: unknown }) => variants;
