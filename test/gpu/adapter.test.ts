import { test } from "vitest";
import { requestAdapter } from "../../src/gpu/adapter.ts";
test("x", async () => {
  for (const adapter of [undefined, "swiftshader", "lavapipe", "llvmpipe (Mesa 25.0.7-2+deb13u1, LLVM 19.1.7, 256 bits) — software", "swiftshader device", "software"]) {
    const { info } = await requestAdapter({ adapter });
    console.log(adapter, info);
  }
  await requestAdapter({ adapter: "H100" }).catch((e) => console.log(e.message));
  console.log(process.env.VK_DRIVER_FILES, typeof GPUBufferUsage);
});
