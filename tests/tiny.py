"Tiny random models, saved in the formats of diffusers and transformers."
import torch
from diffusers import AutoencoderKL, DDIMScheduler, EulerDiscreteScheduler, StableDiffusionImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline, UNet2DConditionModel
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

WORDS = ['a photo of a red hat', 'a photo of a blue sock', 'an old shoe']


def tokenizer():
    return CLIPTokenizer(model_max_length=16).train_new_from_iterator(WORDS, 400)


def ids(tok):
    return dict(bos_token_id=tok.bos_token_id, eos_token_id=tok.eos_token_id, pad_token_id=tok.pad_token_id)


def sdxl_refiner(folder):
    "The refiner's architecture: text_encoder_2 only, aesthetics score, a noise schedule that does not end in pure noise"
    torch.manual_seed(0)
    tok = tokenizer()
    text = CLIPTextModelWithProjection(CLIPTextConfig(vocab_size=len(tok), hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
                                                      max_position_embeddings=16, projection_dim=32, **ids(tok)))
    unet = UNet2DConditionModel(sample_size=16, block_out_channels=(32, 64), layers_per_block=1, down_block_types=('DownBlock2D', 'CrossAttnDownBlock2D'),
                                up_block_types=('CrossAttnUpBlock2D', 'UpBlock2D'), attention_head_dim=(2, 4), use_linear_projection=True, addition_embed_type='text_time',
                                addition_time_embed_dim=8, transformer_layers_per_block=1, projection_class_embeddings_input_dim=32 + 5*8, cross_attention_dim=32)
    scheduler = EulerDiscreteScheduler(beta_start=.00085, beta_end=.012, beta_schedule='scaled_linear', steps_offset=1, timestep_spacing='leading')
    pipe = StableDiffusionXLImg2ImgPipeline(vae=vae(), text_encoder=None, text_encoder_2=text, tokenizer=None, tokenizer_2=tok, unet=unet, scheduler=scheduler,
                                            requires_aesthetics_score=True, force_zeros_for_empty_prompt=False)
    pipe.save_pretrained(folder)


def clip(folder):
    torch.manual_seed(0)
    tok = tokenizer()
    tower = dict(hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4, projection_dim=32)
    model = CLIPModel(CLIPConfig(projection_dim=32, text_config=dict(**tower, **ids(tok), vocab_size=len(tok), max_position_embeddings=16),
                                 vision_config=dict(**tower, image_size=32, patch_size=8)))
    model.save_pretrained(folder)
    CLIPProcessor(CLIPImageProcessor(size=dict(shortest_edge=32), crop_size=dict(height=32, width=32)), tok).save_pretrained(folder)


def vae(**more):
    return AutoencoderKL(block_out_channels=(32, 64), down_block_types=['DownEncoderBlock2D']*2, up_block_types=['UpDecoderBlock2D']*2, latent_channels=4, sample_size=32, **more)


def sd(folder):
    "Stable Diffusion 1.x: one text encoder, epsilon prediction, PNDM's noise schedule with DDIM, a VAE that wants float32"
    torch.manual_seed(1)
    tok = tokenizer()
    text = CLIPTextModel(CLIPTextConfig(vocab_size=len(tok), hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=16, **ids(tok)))
    unet = UNet2DConditionModel(sample_size=16, block_out_channels=(32, 64), layers_per_block=1, down_block_types=('DownBlock2D', 'CrossAttnDownBlock2D'),
                                up_block_types=('CrossAttnUpBlock2D', 'UpBlock2D'), attention_head_dim=8, cross_attention_dim=32)
    scheduler = DDIMScheduler(beta_start=.00085, beta_end=.012, beta_schedule='scaled_linear', clip_sample=False, set_alpha_to_one=False, steps_offset=1)
    StableDiffusionImg2ImgPipeline(vae=vae(), text_encoder=text, tokenizer=tok, unet=unet, scheduler=scheduler, safety_checker=None,
                                   feature_extractor=None, requires_safety_checker=False).save_pretrained(folder)


def sdxl_base(folder):
    "SDXL's base: two text encoders, target size among the time ids, a VAE with force_upcast"
    torch.manual_seed(2)
    tok = tokenizer()
    config = CLIPTextConfig(vocab_size=len(tok), hidden_size=32, intermediate_size=37, num_hidden_layers=3, num_attention_heads=4, max_position_embeddings=16, projection_dim=32, **ids(tok))
    unet = UNet2DConditionModel(sample_size=16, block_out_channels=(32, 64), layers_per_block=1, down_block_types=('DownBlock2D', 'CrossAttnDownBlock2D'),
                                up_block_types=('CrossAttnUpBlock2D', 'UpBlock2D'), attention_head_dim=(2, 4), use_linear_projection=True, addition_embed_type='text_time',
                                addition_time_embed_dim=8, transformer_layers_per_block=1, projection_class_embeddings_input_dim=32 + 6*8, cross_attention_dim=64)
    scheduler = EulerDiscreteScheduler(beta_start=.00085, beta_end=.012, beta_schedule='scaled_linear', steps_offset=1, timestep_spacing='leading')
    StableDiffusionXLImg2ImgPipeline(vae=vae(force_upcast=True), text_encoder=CLIPTextModel(config), text_encoder_2=CLIPTextModelWithProjection(config), tokenizer=tok,
                                     tokenizer_2=tok, unet=unet, scheduler=scheduler).save_pretrained(folder)
