import { asContiguous } from "../../../kernels/layout/contiguous.ts";
import {
  type AddLayerNormTensors,
  addLayerNorm,
  type LayerNormOptions,
  type LayerNormTensors,
  layerNorm,
} from "../../../kernels/norm/layer-norm.ts";
import { layerNormBackward } from "../../../kernels/norm/layer-norm-backward.ts";
import {
  type AddRmsNormTensors,
  addRmsNorm,
  type RmsNormOptions,
  type RmsNormTensors,
  rmsNorm,
} from "../../../kernels/norm/rms-norm.ts";
import { rmsNormBackward } from "../../../kernels/norm/rms-norm-backward.ts";
import { softmax } from "../../../kernels/softmax/softmax.ts";
import { softmaxBackward } from "../../../kernels/softmax/softmax-backward.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { ruleOf } from "../rule.ts";

type Y = { readonly y: Tensor };
type Sum = Y & { readonly sum: Tensor };

/** From the result alone: dx = y · (dy − Σ y · dy). */
export const softmaxRule = ruleOf<{ readonly x: Tensor }, Y>(softmax, (gpu, { result, gradient: { y: dy } }) => ({
  x: dy && softmaxBackward(gpu, { y: result.y, dy: asContiguous(gpu, dy) }).dx,
}));

/** The gradients of a norm's rows. */
export const rmsNormRule = ruleOf<RmsNormTensors, Y, RmsNormOptions>(rmsNorm, (gpu, call) => {
  const { tensors, options, gradient, needs } = call;
  if (!gradient.y) return {};
  const wanted = { x: needs.has("x"), weight: needs.has("weight") };
  const given = { x: tensors.x, weight: tensors.weight, dy: asContiguous(gpu, gradient.y) };
  const { dx, dweight } = rmsNormBackward(gpu, given, { eps: options.eps, needs: wanted });
  return { x: dx, weight: dweight };
});

/** As above. */
export const layerNormRule = ruleOf<LayerNormTensors, Y, LayerNormOptions>(layerNorm, (gpu, call) => {
  const { tensors, options, gradient, needs } = call;
  if (!gradient.y) return {};
  const wanted = { x: needs.has("x"), weight: needs.has("weight"), bias: needs.has("bias") };
  const given = { x: tensors.x, weight: tensors.weight, dy: asContiguous(gpu, gradient.y) };
  const { dx, dweight, dbias } = layerNormBackward(gpu, given, { eps: options.eps, needs: wanted });
  return { x: dx, weight: dweight, bias: dbias };
});

/** For a sum and its norm: both addends get the gradients through the norm and of the sum itself, in one kernel. */
export const addRmsNormRule = ruleOf<AddRmsNormTensors, Sum, RmsNormOptions>(addRmsNorm, (gpu, call) => {
  const { tensors, options, result, gradient, needs } = call;
  if (!gradient.y) return { x: gradient.sum, residual: gradient.sum, weight: undefined };
  const wanted = { x: needs.has("x") || needs.has("residual"), weight: needs.has("weight") };
  const dsum = gradient.sum && asContiguous(gpu, gradient.sum);
  const given = { x: result.sum, weight: tensors.weight, dy: asContiguous(gpu, gradient.y), ...(dsum ? { dsum } : {}) };
  const { dx, dweight } = rmsNormBackward(gpu, given, { eps: options.eps, needs: wanted });
  return { x: dx, residual: dx, weight: dweight };
});

/** As above. */
export const addLayerNormRule = ruleOf<AddLayerNormTensors, Sum, LayerNormOptions>(addLayerNorm, (gpu, call) => {
  const { tensors, options, result, gradient, needs } = call;
  if (!gradient.y) return { x: gradient.sum, residual: gradient.sum, weight: undefined, bias: undefined };
  const wanted = {
    x: needs.has("x") || needs.has("residual"),
    weight: needs.has("weight"),
    bias: needs.has("bias"),
  };
  const dsum = gradient.sum && asContiguous(gpu, gradient.sum);
  const given = { x: result.sum, weight: tensors.weight, dy: asContiguous(gpu, gradient.y), ...(dsum ? { dsum } : {}) };
  const { dx, dweight, dbias } = layerNormBackward(gpu, given, { eps: options.eps, needs: wanted });
  return { x: dx, residual: dx, weight: dweight, bias: dbias };
});
