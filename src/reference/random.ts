// The one generator of the engine, on the CPU: what samplers, dropout and fresh weights draw from.
export { threefry2x32, uniform01, type Words } from "../tensor/threefry.ts";
