import { describe, expect, it } from 'vitest';
import { groupByPerson, isSamePerson } from '../../functions/approval/separation-of-duties.ts';

describe('Who is the same person', () => {
  it('recognises an address whatever its case, spaces and Unicode form', () => {
    expect(isSamePerson({ email: 'Ana@Shop.example' }, { email: ' ana@shop.EXAMPLE ' })).toBe(true);
    expect(isSamePerson({ email: 'ana@shop.example' }, { email: 'ａna@shop.example' })).toBe(true);
  });

  it.each([
    ['a tag', 'ana+candidates@shop.example'],
    ['another tag, in another case', 'ANA+2@Shop.Example'],
    ['several tags', 'ana+a+b@shop.example'],
    ['a dot after the domain', 'ana@shop.example.'],
    ['a wide plus', 'ana＋x@shop.example'],
    ['a character that nobody sees', 'a\u200bna@shop.example'],
  ])('recognises a mailbox by %s', (_, email) => {
    expect(isSamePerson({ email: 'ana@shop.example' }, { email })).toBe(true);
    expect(isSamePerson({ email: 'ana@shop.example' }, { id: email, email: 'other@shop.example' })).toBe(true);
    expect(isSamePerson({ email: 'ben@shop.example' }, { email })).toBe(false);
  });

  it('takes no plus for a tag where nothing stands before it, or in the domain', () => {
    expect(isSamePerson({ email: '+a@shop.example' }, { email: '+b@shop.example' })).toBe(false);
    expect(isSamePerson({ email: 'ana@shop+a.example' }, { email: 'ana@shop+b.example' })).toBe(false);
  });

  it('recognises an id that looks the same', () => {
    expect(isSamePerson({ id: 'ana', email: 'a@x.example' }, { id: 'a\u200dna', email: 'b@x.example' })).toBe(true);
  });

  it('recognises an id under another address', () => {
    expect(isSamePerson({ id: 'ana', email: 'a@x.example' }, { id: 'ANA ', email: 'b@x.example' })).toBe(true);
  });

  it('takes an id that is an address for that address', () => {
    expect(isSamePerson({ id: 'ana@shop.example', email: 'a@x.example' }, { email: 'ana@shop.example' })).toBe(true);
  });

  it('tells people apart who share neither', () => {
    expect(isSamePerson({ id: 'ana', email: 'a@x.example' }, { id: 'ben', email: 'b@x.example' })).toBe(false);
  });

  it('links two records by a third', () => {
    const a = { id: 'ana', email: 'a@x.example' };
    const c = { id: 'annie', email: 'b@x.example' };
    expect(isSamePerson(a, c)).toBe(false);
    expect(isSamePerson(a, c, [{ id: 'ana', email: 'b@x.example' }])).toBe(true);
  });

  it('keeps the order of people and of their records', () => {
    const [a, b, c] = [{ email: 'a@x.example' }, { email: 'b@x.example' }, { email: 'A@x.example' }] as const;
    expect(groupByPerson([a, b, c])).toEqual([[a, c], [b]]);
  });
});
