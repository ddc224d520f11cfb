import { groupedLayer } from "./grouped-layer.ts";
import { boundedProduct } from "./register-product.ts";

/** As grouped, over a grid for as many blocks as there can be, of which those past the last leave at once. */
export const bounded = groupedLayer(boundedProduct);
