import { groupedLayer } from "./grouped-layer.ts";
import { indirectProduct } from "./register-product.ts";

/**
 * Choices sorted by expert, and two products over all of them at once, their grid sized by the GPU: nothing is read back.
 * For many tokens.
 */
export const grouped = groupedLayer(indirectProduct);
