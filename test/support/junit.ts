/** JUnit files held against a schema by libxml2, compiled to WebAssembly. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validateXML } from 'xmllint-wasm';
import { projectRoot } from './cli.js';

const schema = readFileSync(join(projectRoot, 'test/support/junit.xsd'), 'utf8');

/** What the validator has to say against the file; empty where it is valid. */
export async function junitFaults(xml: string): Promise<string[]> {
  const { valid, errors } = await validateXML({ xml: [{ fileName: 'junit.xml', contents: xml }], schema: [schema] });
  return valid ? [] : errors.map(({ rawMessage }) => rawMessage);
}
