import derivativeExp from "#shaders/lib/derivative/exp.wgsl";
import derivativeGelu from "#shaders/lib/derivative/gelu.wgsl";
import derivativeGeluTanh from "#shaders/lib/derivative/gelu-tanh.wgsl";
import derivativeQuickGelu from "#shaders/lib/derivative/quick-gelu.wgsl";
import derivativeRelu from "#shaders/lib/derivative/relu.wgsl";
import derivativeSigmoid from "#shaders/lib/derivative/sigmoid.wgsl";
import derivativeSilu from "#shaders/lib/derivative/silu.wgsl";
import derivativeSquaredRelu from "#shaders/lib/derivative/squared-relu.wgsl";
import derivativeTanh from "#shaders/lib/derivative/tanh.wgsl";
import { defineMapBackward } from "./map-backward.ts";

/**
 * Gradient of {@link gelu}, `dx = dy · (Φ(x) + x φ(x))`. `x` and `dy` are f32 of one shape and may be views, as may the
 * memory for `dx`, which is like them.
 */
export const geluBackward = defineMapBackward("gelu-backward", derivativeGelu, 45);

/** Gradient of {@link geluTanh}; tensors as in {@link geluBackward}. */
export const geluTanhBackward = defineMapBackward("gelu-tanh-backward", derivativeGeluTanh, 22);

/** Gradient of {@link silu}, `dx = dy · q (1 + x (1 − q))` with `q = sigmoid(x)`; tensors as in {@link geluBackward}. */
export const siluBackward = defineMapBackward("silu-backward", derivativeSilu, 12);

/** Gradient of {@link quickGelu}; tensors as in {@link geluBackward}. */
export const quickGeluBackward = defineMapBackward("quick-gelu-backward", derivativeQuickGelu, 13);

/** Gradient of {@link relu}: `dy` where `x` is above 0, else 0; tensors as in {@link geluBackward}. */
export const reluBackward = defineMapBackward("relu-backward", derivativeRelu, 1);

/** Gradient of {@link squaredRelu}: `dy · 2x` where x is above 0, else 0; tensors as in {@link geluBackward}. */
export const squaredReluBackward = defineMapBackward("squared-relu-backward", derivativeSquaredRelu, 2);

/** Gradient of {@link tanh}, `dx = dy · (1 − tanh²(x))`; tensors as in {@link geluBackward}. */
export const tanhBackward = defineMapBackward("tanh-backward", derivativeTanh, 8);

/** Gradient of {@link sigmoid}, `dx = dy · q (1 − q)` with `q = sigmoid(x)`; tensors as in {@link geluBackward}. */
export const sigmoidBackward = defineMapBackward("sigmoid-backward", derivativeSigmoid, 6);

/** Gradient of {@link exp}, `dx = dy · exp(x)`; tensors as in {@link geluBackward}. */
export const expBackward = defineMapBackward("exp-backward", derivativeExp, 2);
