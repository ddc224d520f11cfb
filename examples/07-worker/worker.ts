import "shaderformer/worker";
