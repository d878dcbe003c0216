import { loadSettings } from '../../src/config/load-settings.js';
import { Settings } from '../../src/config/settings.js';
import { declaredProperties } from '../../src/core/validation/dto.js';
import { readText } from './sources.js';

/** `NAME=value`, or commented out where the default serves. */
const VARIABLE = /^(?:# )?([A-Z][A-Z_]+)=(.*)$/gm;

describe('.env.example', () => {
  const example = new Map(
    [...readText('.env.example').matchAll(VARIABLE)].map(([, name, value]) => [name!, value!]),
  );

  it('has each variable that the service reads, and no other', () => {
    expect([...example.keys()].sort()).toEqual([...declaredProperties(Settings)].sort());
  });

  it('shows the default of each that has one', () => {
    const defaults = Object.entries(new Settings()).filter(([, value]) => value !== undefined);
    expect(defaults.length).toBeGreaterThan(5);
    expect(defaults.map(([name]) => [name, example.get(name)])).toEqual(
      defaults.map(([name, value]) => [name, String(value)]),
    );
  });

  it('is valid when every line is used', async () => {
    await expect(
      loadSettings({ ...Object.fromEntries(example), DATA_DIRECTORY: ':memory:' }),
    ).resolves.toBeInstanceOf(Settings);
  });
});
