import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Puts a `.br` and a `.gz` beside every file, so that the handler need not compress anything itself. */
export function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          const content = Buffer.from(file.type === "chunk" ? file.code : file.source);
          const smaller = {
            br: brotliCompressSync(content, {
              params: {
                [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
                [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
              },
            }),
            gz: gzipSync(content, { level: 9 }),
          };
          for (const [extension, source] of Object.entries(smaller)) {
            if (source.length < content.length)
              this.emitFile({ type: "asset", fileName: `${file.fileName}.${extension}`, source });
          }
        }
      },
    },
  };
}
