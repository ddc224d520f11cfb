import { groupedLayer } from "./grouped-layer.ts";
import { boundedProduct } from "./register-product.ts";

/** As grouped, over a grid for the maximum number of blocks, of which those past the last return at once. */
export const bounded = groupedLayer(boundedProduct);
