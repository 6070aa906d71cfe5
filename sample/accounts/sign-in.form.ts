import { Transform } from 'class-transformer';
import { IsBoolean, IsEmail, IsNotEmpty, IsString } from 'class-validator';

/** What the sign-in form posts. */
export class SignInForm {
  @IsEmail({}, { message: 'An e-mail address looks like name@example.com.' })
  @IsNotEmpty({ message: 'Please enter your e-mail address.' })
  email!: string;

  @IsString({ message: 'Please enter your password.' })
  @IsNotEmpty({ message: 'Please enter your password.' })
  password!: string;

  /** "Remember this device". A checkbox that is not ticked is not posted at all. */
  @Transform(({ value }) => value === 'on')
  @IsBoolean()
  remember: boolean = false;
}
