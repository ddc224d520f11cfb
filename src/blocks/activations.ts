/** Activations by name. */
export const activationNames = ["silu", "gelu", "gelu-tanh", "quick-gelu"] as const;

export type Activation = (typeof activationNames)[number];

/** Activations that a gated layer may have. */
export const gatedNames = ["silu", "gelu-tanh"] as const satisfies readonly Activation[];

export type GatedName = (typeof gatedNames)[number];
