// Reasons that survivors of several areas share.

/** Of what one thread does, and any other would. */
export const same = "every thread of the workgroup holds the same value";

/** Of rows and columns past the last. */
export const edge = "what is read past the edge is not stored";
