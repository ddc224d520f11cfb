// What errors say in a page without WebGPU, or without an adapter: texts that are fetched when they are needed.

export const noAdapter =
  "no WebGPU adapter: navigator.gpu.requestAdapter() returned null. The browser has WebGPU but no GPU it trusts: turn " +
  "on hardware acceleration, update the graphics driver, and see chrome://gpu or about:support; " +
  "Chromium on Linux may need --enable-unsafe-webgpu --enable-features=Vulkan, and Firefox takes a blocked driver or " +
  "a software one only with gfx.webgpu.ignore-blocklist in about:config";

export const noWebGpu = (): string =>
  globalThis.isSecureContext === false
    ? "no WebGPU: navigator.gpu is undefined because this page is not a secure context; serve it over https or from localhost"
    : "no WebGPU: navigator.gpu is undefined; use Chrome or Edge 113, Safari 26, or Firefox 141 on Windows or 145 on Macs " +
      "with Apple Silicon, or later ones; or enable WebGPU in the browser's flags: chrome://flags/#enable-unsafe-webgpu, " +
      "or dom.webgpu.enabled in about:config, which Firefox needs on Linux";
