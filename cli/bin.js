#!/usr/bin/env node
import "shaderformer/cli";
