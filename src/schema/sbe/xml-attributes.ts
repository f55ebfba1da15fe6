/** Attributes of an SBE schema's elements, each held to what it may say. FIX Simple Binary Encoding 1.0. */
import type { NamedOptions } from './build.js';
import { isName } from './check.js';
import { parseBound } from './primitives.js';
import type { SbeNumber, SbePresence, SbePrimitive } from './schema.js';
import { refuseElement, shown, type XmlElement } from './xml-text.js';

/** Name, description, semantic type and versions of anything named. */
export function namedOf(element: XmlElement): NamedOptions & { readonly name: string; readonly sinceVersion: number } {
  const name = requireText(element, 'name');
  if (!isName(name)) refuseElement(element, 'name', `name "${shown(name)}" is not a plain identifier`);
  return {
    name,
    description: element.attributes.get('description') ?? '',
    semanticType: element.attributes.get('semanticType') ?? '',
    sinceVersion: integerOf(element, 'sinceVersion', 0) ?? 0,
    deprecated: deprecatedOf(element),
  };
}

export function deprecatedOf(element: XmlElement): number | null {
  return integerOf(element, 'deprecated', 0);
}

/** An attribute that must be there. */
export function requireText(element: XmlElement, attribute: string): string {
  const text = element.attributes.get(attribute);
  if (text === undefined || text === '') refuseElement(element, 'attribute', `attribute "${attribute}" is missing`);
  return text;
}

/** A whole number from `min` to 2^31 - 1; null where the attribute is missing. */
export function integerOf(element: XmlElement, attribute: string, min: number): number | null {
  const text = element.attributes.get(attribute);
  if (text === undefined) return null;
  const value = /^\s*\d{1,10}\s*$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= 0x7fffffff) return value;
  return refuseElement(element, 'attribute', `${attribute} "${shown(text)}" is no whole number of ${min} or more`);
}

/** A whole number that must be there. */
export function requireInteger(element: XmlElement, attribute: string, min = 0): number {
  requireText(element, attribute);
  return integerOf(element, attribute, min) ?? min;
}

export function presenceIn(element: XmlElement): SbePresence | null {
  const text = element.attributes.get('presence');
  if (text === undefined) return null;
  if (text === 'required' || text === 'optional' || text === 'constant') return text;
  return refuseElement(element, 'attribute', `presence "${shown(text)}" is none of required, optional, constant`);
}

/** A value of a primitive, such as `nullValue`; null where the attribute is missing. */
export function valueIn(element: XmlElement, attribute: string, primitive: SbePrimitive): SbeNumber | null {
  const text = element.attributes.get(attribute);
  if (text === undefined) return null;
  const value = parseBound(primitive, text);
  if (value === null) refuseElement(element, 'value', `${attribute} "${shown(text)}" is no ${primitive}`);
  return value;
}
