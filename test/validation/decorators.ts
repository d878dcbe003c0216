import * as is from 'class-validator';
import type { ValidationArguments, ValidationOptions, ValidatorConstraintInterface } from 'class-validator';

/** How to use one decorator of class-validator, and values that it accepts. */
export interface DecoratorCase {
  decorate: (options: ValidationOptions) => PropertyDecorator;
  accepted: unknown[];
}

const of = (decorate: DecoratorCase['decorate'], ...accepted: unknown[]): DecoratorCase => ({
  decorate,
  accepted,
});

@is.ValidatorConstraint({ name: 'evenLength' })
class EvenLength implements ValidatorConstraintInterface {
  validate(value: unknown, { constraints }: ValidationArguments): boolean {
    return String(value).length % (constraints[0] as number) === 0;
  }
  defaultMessage({ property, value, targetName }: ValidationArguments): string {
    return `${targetName}.${property} is odd: ${JSON.stringify(value)} ($constraint1)`;
  }
}

@is.ValidatorConstraint({ async: true })
export class Later implements ValidatorConstraintInterface {
  async validate(value: unknown): Promise<boolean> {
    return value !== 'taken';
  }
}

/** Answers with a promise for some values only. */
const sometimesLater = {
  name: 'sometimes',
  validator: {
    validate: (value: unknown) =>
      typeof value === 'string' ? Promise.resolve(value.length > 1) : value !== 7,
    defaultMessage: () => '$property is not $value',
  },
};

const Colour = { red: 'red', blue: 2 } as const;
const day = new Date('2026-01-31');

/** Every decorator that class-validator exports; a test holds the list and its exports together. */
export const DECORATORS: Record<string, DecoratorCase> = {
  Allow: of((o) => is.Allow(o), 'anything'),
  ArrayContains: of((o) => is.ArrayContains([1], o), [1, 2]),
  ArrayMaxSize: of((o) => is.ArrayMaxSize(2, o), [1]),
  ArrayMinSize: of((o) => is.ArrayMinSize(1, o), [1]),
  ArrayNotContains: of((o) => is.ArrayNotContains(['x'], o), ['y']),
  ArrayNotEmpty: of((o) => is.ArrayNotEmpty(o), [1]),
  ArrayUnique: of((o) => is.ArrayUnique((item: unknown) => item, o), [1, 2]),
  Contains: of((o) => is.Contains('x', o), 'axb'),
  Equals: of((o) => is.Equals('same', o), 'same'),
  IsAlpha: of((o) => is.IsAlpha('en-US', o), 'abc'),
  IsAlphanumeric: of((o) => is.IsAlphanumeric('en-US', o), 'abc1'),
  IsArray: of((o) => is.IsArray(o), []),
  IsAscii: of((o) => is.IsAscii(o), 'abc'),
  IsBIC: of((o) => is.IsBIC(o), 'DEUTDEFF'),
  IsBase32: of((o) => is.IsBase32(o), 'ZG5ldw=='),
  IsBase58: of((o) => is.IsBase58(o), 'abc'),
  IsBase64: of((o) => is.IsBase64({}, o), 'YWJj'),
  IsBoolean: of((o) => is.IsBoolean(o), true),
  IsBooleanString: of((o) => is.IsBooleanString(o), 'true'),
  IsBtcAddress: of((o) => is.IsBtcAddress(o), '1MUz4VMYui5qY1mxUiG8BQ1Luv6tqkvaiL'),
  IsByteLength: of((o) => is.IsByteLength(1, 4, o), 'abc'),
  IsCreditCard: of((o) => is.IsCreditCard(o), '4111111111111111'),
  IsCurrency: of((o) => is.IsCurrency({}, o), '$10.50'),
  IsDataURI: of((o) => is.IsDataURI(o), 'data:text/plain;base64,YWJj'),
  IsDate: of((o) => is.IsDate(o), day),
  IsDateString: of((o) => is.IsDateString({}, o), '2026-01-31'),
  IsDecimal: of((o) => is.IsDecimal({}, o), '1.5'),
  IsDefined: of((o) => is.IsDefined(o), 0),
  IsDivisibleBy: of((o) => is.IsDivisibleBy(3, o), 9),
  IsEAN: of((o) => is.IsEAN(o), '9421023610112'),
  IsEmail: of((o) => is.IsEmail({}, o), 'ada@example.com'),
  IsEmpty: of((o) => is.IsEmpty(o), ''),
  IsEnum: of((o) => is.IsEnum(Colour, o), 'red', 2),
  IsEthereumAddress: of((o) => is.IsEthereumAddress(o), '0x683E07492fBDfDA84457C16546ac3f433BFaa128'),
  IsFQDN: of((o) => is.IsFQDN({}, o), 'example.com'),
  IsFirebasePushId: of((o) => is.IsFirebasePushId(o), '-M-Jh_1KAH5rYGF_7Q7k'),
  IsFullWidth: of((o) => is.IsFullWidth(o), '３'),
  IsHSL: of((o) => is.IsHSL(o), 'hsl(360,100%,50%)'),
  IsHalfWidth: of((o) => is.IsHalfWidth(o), 'abc'),
  IsHash: of((o) => is.IsHash('md5', o), 'd41d8cd98f00b204e9800998ecf8427e'),
  IsHexColor: of((o) => is.IsHexColor(o), '#fff'),
  IsHexadecimal: of((o) => is.IsHexadecimal(o), 'ff'),
  IsIBAN: of((o) => is.IsIBAN({}, o), 'GB29NWBK60161331926819'),
  IsIP: of((o) => is.IsIP(4, o), '127.0.0.1'),
  IsISBN: of((o) => is.IsISBN(13, o), '9783836221191'),
  IsISIN: of((o) => is.IsISIN(o), 'US0378331005'),
  IsISO31661Alpha2: of((o) => is.IsISO31661Alpha2(o), 'DE'),
  IsISO31661Alpha3: of((o) => is.IsISO31661Alpha3(o), 'DEU'),
  IsISO31661Numeric: of((o) => is.IsISO31661Numeric(o), '276'),
  IsISO4217CurrencyCode: of((o) => is.IsISO4217CurrencyCode(o), 'EUR'),
  IsISO6391: of((o) => is.IsISO6391(o), 'de'),
  IsISO8601: of((o) => is.IsISO8601({ strict: true }, o), '2026-01-31T09:30:00Z'),
  IsISRC: of((o) => is.IsISRC(o), 'USRC17607839'),
  IsISSN: of((o) => is.IsISSN({}, o), '0378-5955'),
  IsIdentityCard: of((o) => is.IsIdentityCard('ES', o), '99999999R'),
  IsIn: of((o) => is.IsIn(['a', 1, null], o), 'a', 1, null),
  IsInstance: of((o) => is.IsInstance(Date, o), day),
  IsInt: of((o) => is.IsInt(o), 1),
  IsJSON: of((o) => is.IsJSON(o), '{}'),
  IsJWT: of((o) => is.IsJWT(o), 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'),
  IsLatLong: of((o) => is.IsLatLong(o), '52.5,13.4'),
  IsLatitude: of((o) => is.IsLatitude(o), '52.5', 52),
  IsLocale: of((o) => is.IsLocale(o), 'de_DE'),
  IsLongitude: of((o) => is.IsLongitude(o), '13.4', 13),
  IsLowercase: of((o) => is.IsLowercase(o), 'abc'),
  IsMACAddress: of((o) => is.IsMACAddress({}, o), '01:02:03:04:05:ab'),
  IsMagnetURI: of((o) => is.IsMagnetURI(o), `magnet:?xt=urn:btih:${'a'.repeat(40)}`),
  IsMilitaryTime: of((o) => is.IsMilitaryTime(o), '13:00'),
  IsMimeType: of((o) => is.IsMimeType(o), 'text/plain'),
  IsMobilePhone: of((o) => is.IsMobilePhone('de-DE', {}, o), '+4915123456789'),
  IsMongoId: of((o) => is.IsMongoId(o), '507f1f77bcf86cd799439011'),
  IsMultibyte: of((o) => is.IsMultibyte(o), 'あ'),
  IsNegative: of((o) => is.IsNegative(o), -1),
  IsNotEmpty: of((o) => is.IsNotEmpty(o), 'x'),
  IsNotEmptyObject: of((o) => is.IsNotEmptyObject({ nullable: false }, o), { a: 1 }),
  IsNotIn: of((o) => is.IsNotIn(['a', 1], o), 'b'),
  IsNumber: of((o) => is.IsNumber({ maxDecimalPlaces: 2 }, o), 1.25),
  IsNumberString: of((o) => is.IsNumberString({}, o), '12'),
  IsObject: of((o) => is.IsObject(o), { a: { b: [1] } }),
  IsOctal: of((o) => is.IsOctal(o), '017'),
  IsOptional: of((o) => is.IsOptional(o), null),
  IsPassportNumber: of((o) => is.IsPassportNumber('DE', o), 'C01X00T47'),
  IsPhoneNumber: of((o) => is.IsPhoneNumber('DE', o), '+49 30 901820'),
  IsPort: of((o) => is.IsPort(o), '8080'),
  IsPositive: of((o) => is.IsPositive(o), 1),
  IsPostalCode: of((o) => is.IsPostalCode('DE', o), '10115'),
  IsRFC3339: of((o) => is.IsRFC3339(o), '2026-01-31T09:30:00Z'),
  IsRgbColor: of((o) => is.IsRgbColor(true, o), 'rgb(1,2,3)'),
  IsSemVer: of((o) => is.IsSemVer(o), '1.2.3'),
  IsString: of((o) => is.IsString(o), 'abc'),
  IsStrongPassword: of((o) => is.IsStrongPassword({}, o), 'aB3$efgh'),
  IsSurrogatePair: of((o) => is.IsSurrogatePair(o), '𠮷'),
  IsTaxId: of((o) => is.IsTaxId('de-DE', o), '26954371827'),
  IsTimeZone: of((o) => is.IsTimeZone(o), 'Europe/Berlin'),
  IsUUID: of((o) => is.IsUUID('7', o), '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f'),
  IsUppercase: of((o) => is.IsUppercase(o), 'ABC'),
  IsUrl: of((o) => is.IsUrl({}, o), 'https://example.com'),
  IsVariableWidth: of((o) => is.IsVariableWidth(o), 'a３'),
  Length: of((o) => is.Length(2, 4, o), 'abc'),
  Matches: of((o) => is.Matches(/^a+$/, o), 'aaa'),
  Max: of((o) => is.Max(5, o), 5),
  MaxDate: of((o) => is.MaxDate(day, o), day),
  MaxLength: of((o) => is.MaxLength(3, o), 'abc'),
  Min: of((o) => is.Min(5, o), 5),
  MinDate: of((o) => is.MinDate(() => day, o), day),
  MinLength: of((o) => is.MinLength(3, o), 'abc'),
  NotContains: of((o) => is.NotContains('x', o), 'abc'),
  NotEquals: of((o) => is.NotEquals('same', o), 'other'),
  Validate: of((o) => is.Validate(EvenLength, [2], o), 'ab'),
  ValidateBy: of((o) => is.ValidateBy(sometimesLater, o), 'ab', 1),
  ValidateIf: of((o) => is.ValidateIf((_object, value) => value !== 'skip', o), 'skip'),
  ValidateNested: of((o) => is.ValidateNested(o), {}, []),
  ValidatePromise: of((o) => is.ValidatePromise(o), 1),
  // Not decorators of properties: the class is used by Validate, the function by what follows.
  ValidatorConstraint: of((o) => is.Validate(Later, o), 'free'),
  registerDecorator: of(
    (options) => (target, property) =>
      is.registerDecorator({
        name: 'registered',
        target: target.constructor,
        propertyName: String(property),
        options,
        constraints: [Symbol('odd'), ['a', 'b'], /x/],
        validator: { validate: (value, details) => value !== details?.property },
      }),
    'x',
  ),
};
