import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

/** What an "Add to cart" button posts. */
export class AddToCartForm {
  @IsString()
  product!: string;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(20)
  quantity: number = 1;

  /** The page that the button stands on. */
  @IsOptional()
  @IsString()
  backTo?: string;
}
