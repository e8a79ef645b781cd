// Starts `econda lsp` for .edsl files and stops it with the window; everything else is the server's.

import * as path from "node:path";
import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("edsl.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("edsl.server.command")) void restart();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void restart()),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await stop();
}

async function restart(): Promise<void> {
  await stop();
  await start();
}

async function stop(): Promise<void> {
  const running = client;
  client = undefined;
  // A server that never started has nothing to stop.
  if (running?.isRunning()) await running.stop();
}

async function start(): Promise<void> {
  // The server is a program that the workspace may choose, so a workspace must be trusted first.
  if (!vscode.workspace.isTrusted) return;
  const [command, ...args] = serverCommand();
  if (!command) return;
  const server: ServerOptions = { command, args };
  const options: LanguageClientOptions = {
    documentSelector: [{ language: "edsl" }],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.{edsl,py,sh,r,R,jl,lock}") },
  };
  client = new LanguageClient("edsl", "EDSL", server, options);
  try {
    await client.start();
  } catch (error) {
    const choice = await vscode.window.showErrorMessage(
      `EDSL: \`${[command, ...args].join(" ")}\` does not start: ${error instanceof Error ? error.message : error}. ` +
        "Install it with `pip install 'econda-cloud[cli,lsp]'`, or name another command in the settings.",
      "Open settings",
    );
    if (choice) await vscode.commands.executeCommand("workbench.action.openSettings", "edsl.server.command");
  }
}

function serverCommand(): string[] {
  const [command = "econda", ...args] = vscode.workspace.getConfiguration("edsl").get<string[]>("server.command", []);
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const relative = folder !== undefined && /[\\/]/.test(command) && !path.isAbsolute(command);
  return [relative ? path.join(folder, command) : command, ...args];
}
