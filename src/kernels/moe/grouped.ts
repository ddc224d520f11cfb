import { groupedLayer } from "./grouped-layer.ts";
import { indirectProduct } from "./register-product.ts";

/**
 * Choices sorted by expert, then two products over all of them at once, with grids sized by the GPU: nothing is read
 * back. For many tokens.
 */
export const grouped = groupedLayer(indirectProduct);
