/** Threads for a row of `v` elements, `WORKGROUP` in the WGSL: short rows need few, others have all that it says. */
export const rowThreads = (v: number): { readonly WORKGROUP?: number } => (v <= 512 ? { WORKGROUP: 32 } : {});
