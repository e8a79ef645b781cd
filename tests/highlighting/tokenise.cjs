// Colours files as VS Code does: prints, for each file, the text and scopes of every token, line by line.
// Arguments: the folder with node_modules, the grammar, the files.
const fs = require("node:fs");
const path = require("node:path");
const [root, grammarFile, ...files] = process.argv.slice(2);
const modules = path.join(root, "node_modules");
const textmate = require(path.join(modules, "vscode-textmate"));
const oniguruma = require(path.join(modules, "vscode-oniguruma"));

// Stands for the grammars of other languages, which VS Code brings itself.
const other = (scopeName) => JSON.stringify({ scopeName, patterns: [{ match: ".+", name: "other" }] });

async function main() {
  const wasm = fs.readFileSync(path.join(modules, "vscode-oniguruma", "release", "onig.wasm"));
  await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async (scope) =>
      textmate.parseRawGrammar(scope === "source.edsl" ? fs.readFileSync(grammarFile, "utf8") : other(scope), "g.json"),
  });
  const grammar = await registry.loadGrammar("source.edsl");
  const result = files.map((file) => {
    let state = textmate.INITIAL;
    return fs.readFileSync(file, "utf8").split("\n").map((line) => {
      const found = grammar.tokenizeLine(line, state);
      state = found.ruleStack;
      return found.tokens.map((t) => [line.slice(t.startIndex, t.endIndex), t.scopes]);
    });
  });
  process.stdout.write(JSON.stringify(result));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
