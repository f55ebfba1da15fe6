/**
 * When a chunk of the bundle loads what it requires: with itself, or at the first use.
 *
 * Source says `import` for all of it. In the bundle a chunk or module that is lazy is required by the first code that
 * asks for one of its names, so that a command loads what its input turns out to need. What is required at once is
 * taken apart into constants: rolldown's exports are getters, and a call through a getter costs a hot loop a tenth.
 */

const statements = /^\t*(?:const|let) (\w+) = (require\("([^"]+)"\));\n(?:\1 = (\S+\()\1(, 1\));\n)?/gm;
/** What stands before all code of a chunk. */
const head = /^(?:#!.*\n|Object\.defineProperty\(exports, Symbol.*\n)*/;

/** A plugin for format `cjs`; `isLazy` is asked with what stands between the quotes of a `require`. */
export function loading(isLazy) {
  return { name: 'loading', renderChunk: (code) => ({ code: withLoading(code, isLazy) }) };
}

function withLoading(code, isLazy) {
  const declarations = [];
  let body = code;
  for (const [statement, name, load, from, before = '', after = ''] of code.matchAll(statements)) {
    const isOurs = from.startsWith('./');
    if (!isOurs && !isLazy(from)) continue;
    // Ours is named with a member behind it, but for the runtime's look at all of a namespace.
    const use = new RegExp(`(?<![\\w$]|(?<!\\.\\.)\\.)(new )?${name}(?![\\w$])(?:\\.([\\w$]+))?`, 'g');
    const rest = body.replace(statement, '');
    const members = new Set([...rest.matchAll(use)].map(([, , member]) => member));
    if (members.has(undefined)) continue;
    if (isLazy(from)) {
      const taken = isOurs ? `(({ ${[...members]} }) => ({ ${[...members]} }))(${load})` : before + load + after;
      declarations.push(`let ${name}$; const ${name} = () => ${name}$ ??= ${taken};`);
      body = rest.replace(use, (_, made, member) => (made ? `new (${name}().${member})` : `${name}().${member}`));
    } else {
      declarations.push(`const { ${[...members].map((member) => `${member}: ${name}$${member}`)} } = ${load};`);
      body = rest.replace(use, (_, made = '', member) => `${made}${name}$${member}`);
    }
  }
  return body.replace(head, (all) => `${all}${declarations.join('\n')}\n`);
}
